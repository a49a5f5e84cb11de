import { describe, expect, test } from "vitest";
import { requireAgreement } from "../engines/conformance.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import type { StateStore } from "../engines/state-store.ts";
import { gradients } from "../graph/gradients.ts";
import { mix32 } from "../graph/ops/random.ts";
import { int32, type Results } from "../graph/program.ts";
import { constant, iota, stack, type Tensor } from "../graph/tensor.ts";
import { logSoftmax } from "../nn/activation.ts";
import { requireTrueSlopes } from "../nn/fixtures/layer-checks.ts";
import { adam } from "../optim/adam.ts";
import { batchOf, END, PAIRS, SIGNATURE, START, type Pair } from "./fixtures/pairs.ts";
import { PlainTransformer } from "./fixtures/plain-transformer.ts";
import { Seq2SeqTransformer, type Seq2SeqTransformerOptions } from "./seq2seq-transformer.ts";

const TINY: Seq2SeqTransformerOptions = {
  sourceVocabulary: 8, targetVocabulary: 7, encoderLayers: 2, decoderLayers: 2, dimension: 8, heads: 2, feedForward: 6, activation: "relu",
  normalization: "post", positions: { kind: "sinusoidal" }, dropout: 0, tiedEmbeddings: "none", bias: true,
};

/** Every choice that changes the arithmetic, alone and with others. */
const VARIANTS: Readonly<Record<string, Partial<Seq2SeqTransformerOptions>>> = {
  "as published": {},
  "normalised before": { normalization: "pre" },
  "learned positions, fewer than tokens": { positions: { kind: "learned", maximum: 3 }, activation: "gelu" },
  "rotary positions, SwiGLU, no biases": { normalization: "pre", positions: { kind: "rotary", base: 100 }, activation: "swiglu", bias: false },
  "output tied to the target embedding": { tiedEmbeddings: "target", activation: "gelu-tanh" },
  "all embeddings tied, a deep encoder": { tiedEmbeddings: "all", sourceVocabulary: 7, encoderLayers: 3, decoderLayers: 1 },
};

/** A model whose distributions are far from even, with gains and biases away from 1 and 0, and a state that holds it. */
function make(options: Partial<Seq2SeqTransformerOptions>): { model: Seq2SeqTransformer; state: StateStore } {
  const model = new Seq2SeqTransformer({ ...TINY, ...options }).seed(3);
  const state = reference().createState();
  for (const [index, parameter] of model.parameters().entries()) {
    state.declare(parameter);
    state.write(parameter.name, Array.from({ length: parameter.size }, (_, at) => 0.8 * (mix32(mix32(at) + index) / 2 ** 31 - 1)));
  }
  return { model, state };
}

/** The same weights for loops over numbers. Tied ones have one name in the model, and one a use there. */
function plainly({ model, state }: ReturnType<typeof make>): PlainTransformer {
  return new PlainTransformer(model.options, (name) => state.read({
    "sourceEmbedding.weight": model.sourceEmbedding.weight.name, "targetEmbedding.weight": model.targetEmbedding.weight.name,
    outputWeight: model.outputWeight.name,
  }[name] ?? name));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, value) => total + value, 0);

describe.each(Object.entries(VARIANTS))("%s", (_name, options) => {
  test("has the loss of plain loops over numbers, in a padded batch and alone", async () => {
    const made = make(options);
    const plain = plainly(made);
    const program = await reference().compile(SIGNATURE, (batch) => ({ ...made.model.loss(batch, { labelSmoothing: 0, seed: undefined }) }), { state: made.state });
    const together = await program.run(batchOf(PAIRS));
    const expected = PAIRS.map(({ source, target }) => -sum(plain.logProbabilities(source, [START, ...target], [...target, END])));
    for (const [at, pair] of PAIRS.entries()) {
      expect(together.negativeLogLikelihoods.data[at]).toBeCloseTo(expected[at] ?? NaN, 9);
      expect((await program.run(batchOf([pair]))).loss.data[0]).toBeCloseTo(expected[at] ?? NaN, 9);
    }
    expect(together.loss.data[0]).toBeCloseTo(sum(expected), 9);
  });

  test("decodes step by step, several hypotheses a sentence, as it is trained", async () => {
    const made = make(options);
    const plain = plainly(made);
    const { source } = PAIRS[0] ?? { source: [] };
    const prefixes = [[4, 4, 6, 5], [5, 6, 4, 4]];
    const next = [6, 5, 4, 3, 6];
    const expected = prefixes.map((prefix) => plain.logProbabilities(source, [START, ...prefix], next));
    const program = await reference().compile({ source: int32("batch", "sourceTime"), lengths: int32("batch") }, ({ source: tokens, lengths }) => {
      const first = made.model.encode(tokens, lengths);
      const grid = [tokens.dim(0), 2]; // two hypotheses a sentence
      const rows = iota(grid).reshape([-1]);
      let carried = Object.fromEntries(Object.entries(first.carried).map(([name, tensor]) => [name, tensor.take(rows)]));
      const results = [START, ...prefixes[0] ?? []].map((_, time): Tensor => {
        const read = prefixes.map((prefix) => (time === 0 ? START : prefix[time - 1] ?? NaN));
        const step = made.model.step(constant(read, "int32").broadcastTo(grid).reshape([-1]), { carried, memory: first.memory });
        carried = { ...step.carried };
        return logSoftmax(step.logits).slice(1, next[time] ?? 0, (next[time] ?? 0) + 1).squeeze(1); // [rows]
      });
      return { logProbabilities: stack(results) };
    }, { state: made.state });
    // Beside a shorter source, and so that the longer one is the second sentence.
    const { source: tokens, sourceLengths } = batchOf([PAIRS[1] ?? { source: [], target: [] }, { source, target: [] }]);
    const { logProbabilities } = await program.run({ source: tokens, lengths: sourceLengths });
    expected.forEach((row, hypothesis) => row.forEach((value, time) => expect(logProbabilities.data[4 * time + 2 + hypothesis]).toBeCloseTo(value, 9)));
  });

  test("is on onnx as on the reference, with derivatives", async () => {
    const model = new Seq2SeqTransformer({ ...TINY, ...options, dropout: 0.3 }).seed(5);
    const axis = (dim: string, first: number, second: number) => ({ dim, sizes: [first, second] as const });
    const [rows, sourceTime, targetTime] = [axis("batch", 1, 3), axis("sourceTime", 4, 1), axis("targetTime", 1, 3)];
    const tokens = (below: number) => (uniform: number) => Math.floor(uniform * below);
    await requireAgreement(onnx({ threads: 1 }), reference(), {
      seed: 1, tolerance: 5e-5,
      feeds: {
        source: { dtype: "int32", axes: [rows, sourceTime], value: tokens(7) }, sourceLengths: { dtype: "int32", axes: [rows], value: () => 1 },
        targetInput: { dtype: "int32", axes: [rows, targetTime], value: tokens(7) }, targetOutput: { dtype: "int32", axes: [rows, targetTime], value: tokens(7) },
        targetLengths: { dtype: "int32", axes: [rows], value: (uniform) => 1 + Math.floor(2 * uniform) }, draw: { dtype: "int32", axes: [], value: () => 7 },
      },
      build: ({ source, sourceLengths, targetInput, targetOutput, targetLengths, draw }): Results => {
        if (!source || !sourceLengths || !targetInput || !targetOutput || !targetLengths || !draw) throw new Error("A batch has five arrays.");
        const { loss, negativeLogLikelihoods } = model.loss({ source, sourceLengths, targetInput, targetOutput, targetLengths }, { labelSmoothing: 0.1, seed: draw });
        const slopes = gradients(loss, model.parameters().map(({ tensor }) => tensor));
        return { loss, negativeLogLikelihoods, ...Object.fromEntries(slopes.map((slope, at) => [`slope${at}`, slope])) };
      },
    });
  });
});

test("has the derivatives of central differences", async () => {
  const model = new Seq2SeqTransformer({ ...TINY, sourceVocabulary: 6, targetVocabulary: 6, encoderLayers: 1, decoderLayers: 1, dimension: 4, feedForward: 2, dropout: 0.2, activation: "gelu", tiedEmbeddings: "all", bias: false }).seed(2);
  const { source, sourceLengths, targetInput, targetOutput, targetLengths } = batchOf([{ source: [4, 5, 3], target: [5] }, { source: [3], target: [4, 4] }]);
  const tensor = ({ data, shape }: { readonly data: Int32Array; readonly shape: readonly number[] }): Tensor => constant([...data], "int32", shape);
  await requireTrueSlopes(model.parameters(), () => [model.loss({
    source: tensor(source), sourceLengths: tensor(sourceLengths), targetInput: tensor(targetInput), targetOutput: tensor(targetOutput), targetLengths: tensor(targetLengths),
  }, { labelSmoothing: 0.1, seed: constant(9, "int32") }).loss]);
});

test("a later token changes nothing before it", async () => {
  const { model, state } = make({});
  const program = await reference().compile(SIGNATURE, (batch) => ({ ...model.loss(batch, { labelSmoothing: 0, seed: undefined }) }), { state });
  // Only the first two positions count; what is read after them differs.
  const [one, other] = await Promise.all([[5, 6, 4], [5, 4, 4]].map((target) => (
    program.run({ ...batchOf([{ source: [4, 5, 3], target }]), targetOutput: { data: Int32Array.of(5, 6, 0, 0), shape: [1, 4] }, targetLengths: { data: Int32Array.of(2), shape: [1] } }))));
  expect(one?.loss.data[0]).toBe(other?.loss.data[0]);
});

test("the alignment is the mean over the heads of the chosen layer, and a distribution over the source", async () => {
  const alignmentOf = async (alignmentLayer?: number): Promise<number[]> => {
    const { model, state } = make(alignmentLayer === undefined ? {} : { alignmentLayer });
    const program = await reference().compile({ source: int32("batch", "sourceTime"), lengths: int32("batch") }, ({ source, lengths }) => {
      const { alignment } = model.step(constant(START, "int32").broadcastTo(lengths.shape), model.encode(source, lengths));
      return { alignment };
    }, { state });
    const { source, sourceLengths } = batchOf(PAIRS);
    return [...(await program.run({ source, lengths: sourceLengths })).alignment?.data ?? []];
  };
  const [last, first] = [await alignmentOf(), await alignmentOf(0)];
  expect(last).toEqual(await alignmentOf(1));
  expect(first).not.toEqual(last);
  for (const weights of [first, last]) {
    PAIRS.forEach(({ source }, row) => {
      expect(sum(weights.slice(5 * row, 5 * row + 5))).toBeCloseTo(1, 12);
      expect(weights.slice(5 * row + source.length, 5 * row + 5)).toEqual(new Array<number>(5 - source.length).fill(0));
    });
  }
});

test("the base model of the paper has its number of parameters", () => {
  const model = new Seq2SeqTransformer({
    sourceVocabulary: 37_000, targetVocabulary: 37_000, encoderLayers: 6, decoderLayers: 6, dimension: 512, heads: 8, feedForward: 2048, activation: "relu",
    normalization: "post", positions: { kind: "sinusoidal" }, dropout: 0.1, tiedEmbeddings: "all", bias: true,
  });
  const attention = 4 * (512 * 512 + 512);
  const feedForward = 2 * 512 * 2048 + 2048 + 512;
  const norms = (count: number): number => count * 2 * 512;
  expect(sum(model.parameters().map(({ size }) => size)))
    .toBe(37_000 * 512 + 37_000 + 6 * (attention + feedForward + norms(2)) + 6 * (2 * attention + feedForward + norms(3)));
  expect(model.recurrentParameters()).toEqual([]);
});

test.each([
  [{ tiedEmbeddings: "all" }, "Embeddings tied on both sides need one joint vocabulary; the sides have 8 and 7 tokens."],
  [{ heads: 3 }, "A dimension of 8 cannot be divided among 3 heads"],
  [{ alignmentLayer: 2 }, "The alignment was asked of the decoder's layer 2; it has 2, counted from 0."],
] satisfies [Partial<Seq2SeqTransformerOptions>, string][])("%j is refused", (options, message) => {
  expect(() => new Seq2SeqTransformer({ ...TINY, ...options })).toThrow(message);
});

test("learns to reverse what it reads", async () => {
  const model = new Seq2SeqTransformer({ ...TINY, normalization: "pre", encoderLayers: 1, decoderLayers: 1, dimension: 16, feedForward: 32 }).seed(1);
  const engine = onnx({ threads: 1 });
  const state = engine.createState();
  const parameters = model.parameters();
  const step = await engine.compile(SIGNATURE, (batch) => {
    const loss = model.loss(batch, { labelSmoothing: 0, seed: undefined }).loss.divide(batch.targetLengths.sum().cast("float32"));
    const slopes = gradients(loss, parameters.map(({ tensor }) => tensor));
    return { loss, updates: adam({ learningRate: 3e-3 }).update(parameters.flatMap((variable, at) => {
      const gradient = slopes[at];
      return gradient === undefined ? [] : [{ variable, gradient, scale: constant(1) }];
    })) };
  }, { state });
  let loss = Infinity;
  for (let at = 1; at <= 400 && loss > 0.1; at++) {
    loss = Number((await step.run(batchOf(Array.from({ length: 32 }, (_, pair): Pair => {
      const draw = (place: number): number => mix32(mix32(at * 1009 + pair) + place);
      const source = Array.from({ length: 2 + (draw(0) % 4) }, (_unused, place) => 4 + (draw(place + 1) % 3));
      return { source: [...source, END], target: [...source].reverse() };
    })))).loss.data[0]);
  }
  await step.dispose();
  expect(loss).toBeLessThan(0.1);
}, 30_000);
