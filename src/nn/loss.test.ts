import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { requireClose, type ConformanceCase } from "../engines/conformance.ts";
import { reference } from "../engines/reference/engine.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { gradients } from "../graph/gradients.ts";
import { float32, int32 } from "../graph/program.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { logSoftmax } from "./activation.ts";
import { axis, feed, fixed, flag, float, integers, requireEnginesAgree, requireTrueSlopes, seeds, size, variable, withSlopes } from "./fixtures/layer-checks.ts";
import { crossEntropy, linearCrossEntropy } from "./loss.ts";

const smoothing = fc.constantFrom(0, 0.1, 0.5);

/** hidden Wᵀ + b: [time, batch, vocabulary]. */
function logitsOf(hidden: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor {
  const product = hidden.matmul(weight.transpose());
  return bias === undefined ? product : product.add(bias);
}

describe("on onnx as on the reference, with derivatives", () => {
  test("cross-entropy of logits", async () => {
    await requireEnginesAgree(fc.tuple(seeds, axis("batch"), axis("time"), size, flag).map(([seed, batch, time, classes, deep]): ConformanceCase => {
      const axes = deep ? [batch, time] : [batch];
      return {
        seed, feeds: { logits: float(...axes, fixed(classes)), labels: integers(classes, ...axes) },
        build: (tensors) => withSlopes({ loss: crossEntropy(feed(tensors, "logits"), feed(tensors, "labels")) }, [feed(tensors, "logits")]),
      };
    }));
  });

  test("cross-entropy with the output layer in it", async () => {
    const shapes = fc.tuple(seeds, axis("time"), axis("batch"), size, size, flag, smoothing);
    await requireEnginesAgree(shapes.map(([seed, time, batch, dimension, vocabulary, biased, labelSmoothing]): ConformanceCase => ({
      seed,
      feeds: {
        hidden: float(time, batch, fixed(dimension)), weight: float(fixed(vocabulary), fixed(dimension)), bias: float(fixed(vocabulary)),
        labels: integers(vocabulary, time, batch),
      },
      build: (tensors) => {
        const [hidden, weight, bias] = [feed(tensors, "hidden"), feed(tensors, "weight"), feed(tensors, "bias")];
        const { losses, negativeLogLikelihoods } = linearCrossEntropy(hidden, weight, feed(tensors, "labels"), { bias: biased ? bias : undefined, labelSmoothing });
        return { ...withSlopes({ losses }, [hidden, weight, bias]), negativeLogLikelihoods };
      },
    })), 20);
  });
});

describe("cross-entropy with the output layer in it", () => {
  test("over more rows than one block holds, for labels of any shape", async () => {
    const shapes = fc.tuple(seeds, fc.constantFrom([[257], [300]], [[26, 23], [13, 23]], [[4, 8, 8], [2, 7, 19]]), flag);
    await requireEnginesAgree(shapes.map(([seed, [sizes = [], others = []], biased]): ConformanceCase => {
      const axes = sizes.map((length, at) => ({ dim: `axis${at}`, sizes: [length, others[at] ?? length] as const }));
      return {
        seed, feeds: { hidden: float(...axes, fixed(2)), weight: float(fixed(3), fixed(2)), bias: float(fixed(3)), labels: integers(3, ...axes) },
        build: (tensors) => {
          const [hidden, weight, bias, labels] = [feed(tensors, "hidden"), feed(tensors, "weight"), feed(tensors, "bias"), feed(tensors, "labels")];
          const { losses } = linearCrossEntropy(hidden, weight, labels, { bias: biased ? bias : undefined, labelSmoothing: 0.1 });
          return withSlopes({ losses }, [hidden, weight, bias]);
        },
      };
    }), 6);
  });

  test("over no rows is nothing, and has no derivative", async () => {
    const program = await onnx({ threads: 1 }).compile({ hidden: float32("rows", 2), labels: int32("rows"), weight: float32(3, 2) }, ({ hidden, labels, weight }) => {
      const { losses } = linearCrossEntropy(hidden, weight, labels);
      return { losses, byWeight: gradients(losses.sum(), [weight])[0] };
    });
    const { losses, byWeight } = await program.run({
      hidden: { data: new Float32Array(), shape: [0, 2] }, labels: { data: new Int32Array(), shape: [0] }, weight: { data: new Float32Array(6).fill(1), shape: [3, 2] },
    });
    expect([losses.shape, byWeight?.data]).toEqual([[0], new Float32Array(6)]);
  });
});

describe("derivatives are those of central differences", () => {
  test("of cross-entropy", async () => {
    const logits = variable("logits", [2, 3, 4]);
    await requireTrueSlopes([logits], () => [crossEntropy(logits.tensor, constant([0, 3, 1, 1, 2, 0], "int32", [2, 3]))]);
  });

  test.each([0, 0.2])("of cross-entropy with the output layer in it, smoothed by %s", async (labelSmoothing) => {
    const [hidden, weight, bias] = [variable("hidden", [3, 2, 2]), variable("weight", [4, 2]), variable("bias", [4])];
    const labels = constant([0, 3, 1, 1, 2, 0], "int32", [3, 2]);
    await requireTrueSlopes([hidden, weight, bias], () => [linearCrossEntropy(hidden.tensor, weight.tensor, labels, { bias: bias.tensor, labelSmoothing }).losses]);
    await requireTrueSlopes([hidden, weight], () => [linearCrossEntropy(hidden.tensor, weight.tensor, labels, { labelSmoothing }).losses]);
  });

  test("of cross-entropy beside log²Z", async () => {
    const [hidden, weight, bias] = [variable("hidden", [3, 2, 2]), variable("weight", [4, 2]), variable("bias", [4])];
    const labels = constant([0, 3, 1, 1, 2, 0], "int32", [3, 2]);
    await requireTrueSlopes([hidden, weight, bias], () => [linearCrossEntropy(hidden.tensor, weight.tensor, labels, { bias: bias.tensor, labelSmoothing: 0.1, zLoss: 0.3 }).losses]);
  });

  test("of -log p, where nothing is smoothed", async () => {
    const [hidden, weight] = [variable("hidden", [3, 2, 2]), variable("weight", [4, 2])];
    const labels = constant([0, 3, 1, 1, 2, 0], "int32", [3, 2]);
    await requireTrueSlopes([hidden, weight], () => [linearCrossEntropy(hidden.tensor, weight.tensor, labels).negativeLogLikelihoods]);
  });
});

test("-log p beside a smoothed loss has no derivative, and says so instead of giving zero", () => {
  const [hidden, weight] = [variable("hidden", [1, 1, 2]), variable("weight", [4, 2])];
  const { negativeLogLikelihoods } = linearCrossEntropy(hidden.tensor, weight.tensor, constant([0], "int32", [1, 1]), { labelSmoothing: 0.1 });
  expect(() => gradients(negativeLogLikelihoods.sum(), [weight.tensor])).toThrow(/Differentiate "losses"/);
});

describe("closed forms, in float64", () => {
  test("the loss with the output layer in it is the cross-entropy of explicit logits, and so are its derivatives", async () => {
    const rows = fc.oneof({ arbitrary: size, weight: 9 }, fc.constant(301)); // more than one block of rows
    await fc.assert(fc.asyncProperty(fc.record({ seed: seeds, time: rows, batch: size, dimension: size, vocabulary: size, biased: flag, labelSmoothing: smoothing }), async ({ seed, time, batch, dimension, vocabulary, biased, labelSmoothing }) => {
      const [hidden, weight, offsets] = [variable("hidden", [time, batch, dimension], seed), variable("weight", [vocabulary, dimension], seed), variable("bias", [vocabulary], seed)];
      const labels = constant(Array.from({ length: time * batch }, (_, at) => (seed + at * at) % vocabulary), "int32", [time, batch]);
      const bias = biased ? offsets.tensor : undefined;
      const program = await reference().compile({}, () => {
        const fused = linearCrossEntropy(hidden.tensor, weight.tensor, labels, { bias, labelSmoothing });
        const logits = logitsOf(hidden.tensor, weight.tensor, bias);
        const plain = crossEntropy(logits, labels);
        // (1 - ε) one-hot + ε / V as the target: Szegedy et al. 2016, section 7
        const smoothed = plain.multiply(1 - labelSmoothing).subtract(logSoftmax(logits).mean().multiply(labelSmoothing));
        const by = [hidden, weight, ...(biased ? [offsets] : [])].map(({ tensor }) => tensor);
        return {
          nll: fused.negativeLogLikelihoods.mean(), plain, loss: fused.losses.mean(), smoothed,
          ...Object.fromEntries(gradients(fused.losses.mean(), by).map((slope, at) => [`fused${at}`, slope])),
          ...Object.fromEntries(gradients(smoothed, by).map((slope, at) => [`explicit${at}`, slope])),
        };
      });
      const found: Readonly<Record<string, Awaited<ReturnType<typeof program.run>>["loss"]>> = await program.run({});
      const same = (name: string, other: string): void => {
        const expected = found[other];
        if (expected === undefined) throw new Error(`There is no "${other}".`);
        requireClose(name, found[name], expected, 1e-12);
      };
      same("nll", "plain");
      same("loss", "smoothed");
      ["0", "1", ...(biased ? ["2"] : [])].forEach((at) => same(`fused${at}`, `explicit${at}`));
    }), { numRuns: 40 });
  });

  test("log²Z of equal logits is log²V, in its own share", async () => {
    const program = await reference().compile({}, () => {
      const weight = variable("weight", [7, 2]).tensor;
      const zero = constant([0, 0], "float32", [1, 1, 2]);
      return { losses: linearCrossEntropy(zero, weight, constant([6], "int32", [1, 1]), { zLoss: 0.25 }).losses };
    });
    expect((await program.run({})).losses.data[0]).toBeCloseTo(Math.log(7) + 0.25 * Math.log(7) ** 2, 12);
  });

  test("equal logits give log V, whatever the label and however smoothed", async () => {
    const program = await reference().compile({}, () => {
      const zero = constant([0, 0], "float32", [1, 1, 2]);
      const weight = variable("weight", [7, 2]).tensor;
      return { flat: crossEntropy(constant(new Array<number>(7).fill(3), "float32", [1, 7]), constant([4], "int32")), losses: linearCrossEntropy(zero, weight, constant([6], "int32", [1, 1]), { labelSmoothing: 0.3 }).losses };
    });
    const { flat, losses } = await program.run({});
    expect(flat.data[0]).toBeCloseTo(Math.log(7), 12);
    expect(losses.data[0]).toBeCloseTo(Math.log(7), 12);
  });
});
