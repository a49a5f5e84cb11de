import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { requireClose, type ConformanceCase } from "../engines/conformance.ts";
import { reference } from "../engines/reference/engine.ts";
import { gradients } from "../graph/gradients.ts";
import { constant, iota, stack, type Tensor } from "../graph/tensor.ts";
import { axis, feed, fixed, flag, float, integers, requireEnginesAgree, requireTrueSlopes, seeds, size, variable, withSlopes } from "./fixtures/layer-checks.ts";
import { BidirectionalLstm, Lstm } from "./lstm.ts";

/** True at the first `lengths` steps of each row: [time, batch]. */
function maskOf(x: Tensor, lengths: Tensor): Tensor {
  return iota(x.shape.slice(0, 2), 0).less(lengths);
}

describe("on onnx as on the reference, with derivatives", () => {
  const layers = fc.tuple(seeds, axis("time"), axis("batch"), size, size, fc.record({ bias: flag, reverse: flag, masked: flag, started: flag }));

  test("an LSTM over a sequence", async () => {
    await requireEnginesAgree(layers.map(([seed, time, batch, input, hidden, { bias, reverse, masked, started }]): ConformanceCase => {
      const layer = new Lstm(input, hidden, { bias }).seed(seed);
      const state = float(batch, fixed(hidden));
      return {
        seed,
        feeds: { x: float(time, batch, fixed(input)), h: state, c: state, lengths: integers(5, batch) },
        build: (tensors) => {
          const [x, h, c, lengths] = [feed(tensors, "x"), feed(tensors, "h"), feed(tensors, "c"), feed(tensors, "lengths")];
          const { outputs, final } = layer.forward(x, {
            ...(started && { initial: { hidden: h, cell: c } }), mask: masked ? maskOf(x, lengths) : undefined, reverse,
          });
          return withSlopes({ outputs, ...final }, [x, h, c, ...layer.parameters().map(({ tensor }) => tensor)]);
        },
      };
    }), 20);
  });

  test("one step of an LSTM", async () => {
    await requireEnginesAgree(fc.tuple(seeds, axis("batch"), size, size, flag).map(([seed, batch, input, hidden, bias]): ConformanceCase => {
      const layer = new Lstm(input, hidden, { bias }).seed(seed);
      const state = float(batch, fixed(hidden));
      return {
        seed,
        feeds: { x: float(batch, fixed(input)), h: state, c: state },
        build: (tensors) => {
          const [x, h, c] = [feed(tensors, "x"), feed(tensors, "h"), feed(tensors, "c")];
          return withSlopes({ ...layer.step(x, { hidden: h, cell: c }) }, [x, h, c, ...layer.parameters().map(({ tensor }) => tensor)]);
        },
      };
    }));
  });

  test("a bidirectional LSTM", async () => {
    await requireEnginesAgree(fc.tuple(seeds, axis("time"), axis("batch"), size, size, flag).map(([seed, time, batch, input, half, masked]): ConformanceCase => {
      const layer = new BidirectionalLstm(input, 2 * half).seed(seed);
      return {
        seed,
        feeds: { x: float(time, batch, fixed(input)), lengths: integers(5, batch) },
        build: (tensors) => {
          const [x, lengths] = [feed(tensors, "x"), feed(tensors, "lengths")];
          const { outputs, final } = layer.forward(x, { mask: masked ? maskOf(x, lengths) : undefined });
          return withSlopes({ outputs, ...final }, [x, ...layer.parameters().map(({ tensor }) => tensor)]);
        },
      };
    }));
  });
});

describe("derivatives are those of central differences", () => {
  const sizes = fc.record({ time: fc.integer({ min: 1, max: 3 }), batch: fc.integer({ min: 1, max: 2 }), input: fc.integer({ min: 1, max: 2 }), hidden: fc.integer({ min: 1, max: 2 }) });

  test("of an LSTM", async () => {
    await fc.assert(fc.asyncProperty(sizes, fc.record({ seed: seeds, bias: flag, reverse: flag, masked: flag }), async ({ time, batch, input, hidden }, { seed, bias, reverse, masked }) => {
      const layer = new Lstm(input, hidden, { bias }).seed(seed);
      const [x, h, c] = [variable("x", [time, batch, input], seed), variable("h", [batch, hidden], seed), variable("c", [batch, hidden], seed)];
      await requireTrueSlopes([x, h, c, ...layer.parameters()], () => {
        const lengths = constant(Array.from({ length: batch }, (_, row) => (seed + row) % (time + 1)), "int32");
        const { outputs, final } = layer.forward(x.tensor, {
          initial: { hidden: h.tensor, cell: c.tensor }, mask: masked ? maskOf(x.tensor, lengths) : undefined, reverse,
        });
        return [outputs, final.hidden, final.cell];
      });
    }), { numRuns: 8 });
  });

  test("of an LSTM's derivatives: the stated backward pass can be differentiated again", async () => {
    const layer = new Lstm(2, 2).seed(9);
    const x = variable("x", [3, 2, 2]);
    await requireTrueSlopes([x, ...layer.parameters()], () => {
      const { outputs, final } = layer.forward(x.tensor, { mask: maskOf(x.tensor, constant([3, 1], "int32")) });
      return gradients(outputs.square().sum().add(final.cell.sum()), [x.tensor, layer.weightHidden.tensor]);
    });
  });

  test("of one step", async () => {
    const layer = new Lstm(2, 3).seed(5);
    const [x, h, c] = [variable("x", [2, 2]), variable("h", [2, 3]), variable("c", [2, 3])];
    await requireTrueSlopes([x, h, c, ...layer.parameters()], () => {
      const { hidden, cell } = layer.step(x.tensor, { hidden: h.tensor, cell: c.tensor });
      return [hidden, cell];
    });
  });

  test("of a bidirectional LSTM", async () => {
    const layer = new BidirectionalLstm(2, 2).seed(6);
    const x = variable("x", [3, 2, 2]);
    await requireTrueSlopes([x, ...layer.parameters()], () => {
      const { outputs, final } = layer.forward(x.tensor, { mask: maskOf(x.tensor, constant([3, 1], "int32")) });
      return [outputs, final.hidden, final.cell];
    });
  });
});

test("a sequence is its steps, one after another", async () => {
  const layer = new Lstm(2, 3).seed(7);
  const x = variable("x", [3, 2, 2]);
  const program = await reference().compile({}, () => {
    const { outputs, final } = layer.forward(x.tensor);
    let state = layer.zeroState(2);
    const chained = [0, 1, 2].map((time) => {
      state = layer.step(x.tensor.slice(0, time, time + 1).squeeze(0), state);
      return state.hidden;
    });
    return { outputs, hidden: final.hidden, cell: final.cell, lastCell: state.cell, steps: stack(chained) };
  });
  const { outputs, hidden, cell, lastCell, steps } = await program.run({});
  requireClose("steps", steps, outputs, 1e-14);
  requireClose("last hidden", hidden, { shape: [2, 3], data: Float64Array.from(outputs.data).subarray(12) }, 1e-14);
  requireClose("last cell", cell, lastCell, 1e-14);
});

test("padding changes neither the final state of a row nor its outputs at real positions", async () => {
  const layer = new BidirectionalLstm(2, 4).seed(8);
  const x = variable("x", [4, 1, 2]);
  const program = await reference().compile({}, () => {
    const short = x.tensor.slice(0, 0, 2);
    const padded = layer.forward(x.tensor, { mask: maskOf(x.tensor, constant([2], "int32")) });
    const alone = layer.forward(short);
    return {
      padded: padded.outputs.slice(0, 0, 2), alone: alone.outputs,
      paddedHidden: padded.final.hidden, aloneHidden: alone.final.hidden, paddedCell: padded.final.cell, aloneCell: alone.final.cell,
    };
  });
  const { padded, alone, paddedHidden, aloneHidden, paddedCell, aloneCell } = await program.run({});
  requireClose("outputs", padded, alone, 1e-14);
  requireClose("hidden", paddedHidden, aloneHidden, 1e-14);
  requireClose("cell", paddedCell, aloneCell, 1e-14);
});

describe("a new layer", () => {
  test("has its forget gates open by the bias that was asked for, all other biases zero", () => {
    const [weightInput, weightHidden, bias] = new Lstm(2, 3, { forgetBias: 2 }).parameters();
    expect([weightInput?.shape, weightHidden?.shape]).toEqual([[2, 12], [3, 12]]);
    expect([...bias?.initialize() ?? []]).toEqual([0, 0, 0, 2, 2, 2, 0, 0, 0, 0, 0, 0]);
  });

  test("without a bias has two arrays", () => {
    expect(new Lstm(2, 3, { bias: false }).parameters().map(({ name }) => name)).toEqual(["weightInput", "weightHidden"]);
  });

  test("in both directions refuses an odd number of units", () => {
    expect(() => new BidirectionalLstm(2, 3)).toThrow("A bidirectional layer needs an even number of hidden units, received 3.");
  });
});
