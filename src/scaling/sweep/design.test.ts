import { fc, test } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planSweep, pointsOf } from "./design.ts";
import { makeSweepPlace, type SweepPlace } from "./fixtures/sweep-folder.ts";
import { withKind, withLengths } from "./redesign.ts";
import { shapeOfSize } from "./shape.ts";

let place: SweepPlace;
let recurrent: SweepPlace;
beforeAll(async () => {
  place = await makeSweepPlace();
  recurrent = await makeSweepPlace({ kind: "lstm-lm" });
});
afterAll(async () => {
  await place.remove();
  await recurrent.remove();
});

describe("shapes", () => {
  const sizes = fc.double({ min: 3e3, max: 3e7, noNaN: true });

  test.prop([sizes, sizes, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 8, max: 64 })], { numRuns: 30 })(
    "width and depth grow with the parameters, by the rule", (a, b, eighths, aspect) => {
      const sweep = place.sweep({ design: { kind: "grid", parameters: [a], tokens: [100] }, shape: { aspect, multiple: 8 * eighths } });
      const narrowest = 8 * eighths;
      const least = 12 * Math.max(1, Math.round(narrowest / aspect)) * narrowest ** 2;
      const [small, large] = [Math.min(a, b), Math.max(a, b)].map((size) => shapeOfSize(sweep, Math.max(size, least)));
      expect(large?.width).toBeGreaterThanOrEqual(small?.width ?? Infinity);
      expect(large?.layers).toBeGreaterThanOrEqual(small?.layers ?? Infinity);
      for (const shape of [small, large]) {
        expect(shape && shape.width % (8 * eighths)).toBe(0);
        expect(shape?.layers).toBe(Math.max(1, Math.round((shape?.width ?? 0) / aspect)));
      }
    },
  );

  test.prop([fc.double({ min: 1e4, max: 1e7, noNaN: true }), fc.integer({ min: 1, max: 6 })], { numRuns: 30 })(
    "a GPT of given depth is the nearest there is by 12 layers width^2 + (4 layers + 2) width", (target, layers) => {
      // Four attention matrices, two of the feed-forward layer, and without biases two norms of a weight a layer and a last one.
      const parameters = (width: number): number => 12 * layers * width ** 2 + (2 * layers + 1) * width;
      const { width } = shapeOfSize(place.sweep({ design: { kind: "grid", parameters: [target], tokens: [100] }, shape: { multiple: 4 } }), target, layers);
      const distance = (each: number): number => Math.abs(Math.log(parameters(each) / target));
      expect(distance(width)).toBeLessThanOrEqual(distance(width + 4));
      if (width > 4) expect(distance(width)).toBeLessThanOrEqual(distance(width - 4));
    },
  );
});

describe("designs", () => {
  it("slices of equal compute meet it within a step", async () => {
    const flops = [2e9, 8e9];
    const planned = await planSweep(place.sweep({ design: { kind: "isoflop", parameters: [3e3, 1e4, 3e4], flops }, shape: { multiple: 8 } }));
    expect(planned).toHaveLength(6);
    for (const [at, { size }] of planned.entries()) {
      expect(Math.abs(size.flops - (flops[at % 2] ?? 0))).toBeLessThanOrEqual(size.flops / size.steps);
    }
  });

  it("grids meet their tokens, and tell steps, epochs and unique tokens", async () => {
    const planned = await planSweep(place.sweep({ design: { kind: "grid", parameters: [3e3, 1e4], tokens: [3200, 16000] }, shape: { multiple: 8 }, warmup: 0.1 }));
    const perEpoch = 16 * Math.floor((0.9 * 6001 - 1) / 16); // whole rows of the text and the end of its one document
    expect(planned.map(({ size }) => [size.steps, size.tokens])).toEqual([[100, 3200], [501, 16_000], [100, 3200], [501, 16_000]]);
    for (const { size, config } of planned) {
      expect(size.uniqueTokens).toBe(Math.min(size.tokens, perEpoch));
      expect(size.epochs).toBeCloseTo(size.tokens / perEpoch, 1);
      expect(config.training.schedule).toMatchObject({ warmup: Math.round(0.1 * size.steps) });
    }
  });

  it("train on every amount of different tokens that is not more, one pass where it is as much", async () => {
    const amounts = [320, 1600];
    const sweep = place.sweep({ design: { kind: "grid", parameters: [3e3], tokens: amounts, uniqueTokens: amounts }, shape: { multiple: 8 } });
    const planned = await planSweep(sweep);
    // A batch has 32 tokens; the last of a text has none to predict.
    expect(planned.map(({ size }) => [size.tokens, Math.ceil(size.uniqueTokens / 32) * 32])).toEqual([[320, 320], [1600, 320], [1600, 1600]].map(([tokens, unique]) => [expect.closeTo(tokens ?? 0, -2) as number, unique]));
    expect(planned.map(({ size }) => Math.round(size.epochs))).toEqual([1, 5, 1]);
    expect(planned.map(({ size }) => size.tokens > size.uniqueTokens)).toEqual([false, true, false]);
    expect(planned.map(({ config }) => "tokens" in config.data && config.data.tokens)).toEqual([320, 320, 1600]);
    expect(withLengths(sweep, 2).design).toMatchObject({ tokens: [640, 3200], uniqueTokens: [640, 3200] });
  });

  test.prop([fc.integer({ min: 1, max: 5 }), fc.double({ min: 2, max: 1e4, noNaN: true }), fc.double({ min: 2, max: 1e4, noNaN: true })])(
    "4^k points fill a rectangle of logarithms: one in each of 2^k by 2^k parts", (k, sizes, lengths) => {
      const points = pointsOf({ kind: "space-filling", count: 4 ** k, parameters: { from: 100, to: 100 * sizes }, tokens: { from: 10, to: 10 * lengths } });
      const part = (value: number, ratio: number): number => Math.floor(1e-9 + 2 ** k * Math.log(value) / Math.log(ratio));
      const parts = points.map(({ parameters, length }) => 2 ** k * part(parameters / 100, sizes) + part("tokens" in length ? length.tokens / 10 : NaN, lengths));
      expect(parts.sort((a, b) => a - b)).toEqual(Array.from({ length: 4 ** k }, (_, at) => at));
    },
  );

  it("a budget is met by longer trainings, within a step of each", async () => {
    const sweep = place.sweep({ design: { kind: "grid", parameters: [3e3, 1e4], tokens: [3200, 6400] }, shape: { multiple: 8 } });
    const total = async (each: typeof sweep): Promise<number> => (await planSweep(each)).reduce((sum, { size }) => sum + size.flops, 0);
    expect(await total(withLengths(sweep, 3)) / (3 * await total(sweep))).toBeCloseTo(1, 2);
  });

  it("another kind covers the same sizes and lengths", async () => {
    const sweep = place.sweep({ design: { kind: "grid", parameters: [1e4, 1e6], tokens: [1e5, 4e5] } });
    const { design } = withKind(sweep, "isoflop");
    expect(design).toEqual({ kind: "isoflop", parameters: [1e4, 1e6], flops: [6e10, 2.4e11] }); // 6 · 1e5 · tokens
    expect(withKind(withKind(sweep, "isoflop"), "grid").design).toEqual(sweep.design);
    expect(withKind(sweep, "space-filling").design).toEqual({ kind: "space-filling", count: 4, parameters: { from: 1e4, to: 1e6 }, tokens: { from: 1e5, to: 4e5 } });
  });

  it.each([
    [{ kind: "power", rate: 0.01, at: 1000, exponent: 0.5 }, (n: number) => 0.01 * Math.sqrt(1000 / n)],
    [{ kind: "kaplan-2020" }, (n: number) => 0.003239 - 0.0001395 * Math.log(n)],
  ] as const)("the learning rate follows the rule %j", async (learningRate, expected) => {
    const planned = await planSweep(place.sweep({ design: { kind: "grid", parameters: [3e3, 3e4], tokens: [320] }, learningRate }));
    for (const { size, config } of planned) expect(config.training.optimizer.learningRate / expected(size.parameters)).toBeCloseTo(1, 3);
  });

  it("each training is there once for each seed", async () => {
    const planned = await planSweep(place.sweep({ design: { kind: "list", trainings: [{ name: "one", set: { "training.steps": 5 } }] }, seeds: [3, 4] }));
    expect(planned.map(({ name, config }) => [name, config.seed])).toEqual([["one-seed3", 3], ["one-seed4", 4]]);
  });
});

it("counts an LSTM's operations and weights as they are in closed form", async () => {
  const [hidden, layers, vocabulary, steps] = [24, 3, 10, 7]; // of 8 characters and 2 special tokens, at least
  const [planned] = await planSweep(recurrent.sweep({
    design: { kind: "list", trainings: [{ name: "one", set: { "model.hidden": hidden, "model.layers": layers, "training.steps": steps } }] },
  }));
  const { size } = planned ?? expect.fail();
  expect(size.parameters).toBe(layers * (8 * hidden ** 2 + 4 * hidden));
  const words = (size.totalParameters - size.parameters - (size.totalParameters - size.parameters) % hidden) / hidden / 2;
  expect(words).toBeGreaterThanOrEqual(vocabulary);
  const tokens = steps * 2 * 16;
  expect(size.flops).toBe(3 * 2 * tokens * (layers * 8 * hidden ** 2 + hidden * Math.floor(words)));
});

describe("what cannot be", () => {
  it.each([
    ["a field that does not exist", { design: { kind: "grid", parameter: [1e4], tokens: [100] } }, /design\.parameter: unknown field.*did you mean "parameters"/],
    ["a kind that does not exist", { design: { kind: "isoflops", parameters: [1e4], flops: [1e9] } }, /design\.kind: received "isoflops".*did you mean "isoflop"/],
    ["nothing of something", { design: { kind: "grid", parameters: [0], tokens: [100] } }, /design\.parameters/],
  ])("%s", (_, fields, message) => {
    expect(() => place.sweep(fields)).toThrow(message);
  });

  it.each([
    ["a field of the configuration", { design: { kind: "list", trainings: [{ name: "a", set: { "model.layer": 2, "training.steps": 1 } }] } }, /"a".*no field "layer" in model; did you mean "layers"/],
    ["epochs", { design: { kind: "list", trainings: [{ name: "a", set: { "training.epochs": 2 } }] } }, /"a" is given in epochs.*set training\.steps/],
    ["a size below the smallest", { design: { kind: "grid", parameters: [10], tokens: [100] } }, /asks for 10 parameters.*its narrowest network, 1 layers of width 16/],
    ["more different tokens than are trained on", { design: { kind: "grid", parameters: [3e3], tokens: [320], uniqueTokens: [640] } }, /trains on 320 tokens, but all its amounts of uniqueTokens are larger/],
    ["more different tokens than there are", { design: { kind: "grid", parameters: [3e3], tokens: [1e6], uniqueTokens: [1e6] } }, /data\.tokens asks for 1000000 tokens to learn from, but the text has 5401/],
    ["a name twice", { design: { kind: "list", trainings: [1, 2].map((seed) => ({ name: "a", set: { seed, "training.steps": 1 } })) } }, /Two trainings .* are called "a"/],
  ])("%s", async (_, fields, message) => {
    await expect(planSweep(place.sweep(fields))).rejects.toThrow(message);
  });

  it("a budget for trainings one by one", () => {
    const sweep = place.sweep({ design: { kind: "list", trainings: [{ name: "a", set: { "training.steps": 1 } }] } });
    expect(() => withLengths(sweep, 2)).toThrow(/lists its trainings, so that no budget/);
    expect(() => withKind(sweep, "grid")).toThrow(/lists its trainings, so that no design/);
  });

  it.each([["isoflop", { uniqueTokens: [1e5] }], ["space-filling", { layers: [1, 2] }]] as const)("a field that the kind %s lacks", (kind, fields) => {
    const sweep = place.sweep({ design: { kind: "grid", parameters: [1e4, 1e6], tokens: [1e5, 4e5], ...fields } });
    expect(() => withKind(sweep, kind)).toThrow(`The sweep small gives design.${Object.keys(fields)[0] ?? ""}, which the kind ${kind} does not have; leave --kind out, or`);
  });
});
