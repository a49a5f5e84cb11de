import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import type { Engine, NumericArray } from "../engines/engine.ts";
import { float32, int32 } from "../graph/program.ts";
import { iota } from "../graph/tensor.ts";
import { attention } from "./attention-product.ts";
import { cachedAttention, type CachedAttentionOptions } from "./cached-attention.ts";
import { randomNumbers } from "./fixtures/layer-checks.ts";
import { rotate } from "./positions.ts";

const cases = fc.record({
  rows: fc.integer({ min: 1, max: 3 }),
  groups: fc.integer({ min: 1, max: 2 }),
  shared: fc.integer({ min: 1, max: 2 }),
  size: fc.constantFrom(4, 8, 16),
  rotaryBase: fc.constantFrom(undefined, 100),
  /** Tokens of each run, one after another. */
  runs: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
  spare: fc.integer({ min: 0, max: 3 }),
  seed: fc.integer({ min: 1, max: 1000 }),
});

function compile(engine: Engine, options: CachedAttentionOptions, size: number) {
  const { heads, keyValueHeads } = options;
  const cache = float32("rows", keyValueHeads, "capacity", size);
  return engine.compile({
    query: float32("rows", "time", heads * size), key: float32("rows", "time", keyValueHeads * size), value: float32("rows", "time", keyValueHeads * size),
    keys: cache, values: cache, lengths: int32("rows"),
  }, ({ query, key, value, keys, values, lengths }) => {
    const { attended, cache: next } = cachedAttention(query, key, value, { keys, values }, lengths, options);
    return { attended, ...next };
  }, { overwritten: ["keys", "values"] });
}

describe("cached attention", () => {
  test("run by run, with rows of different lengths, it is causal attention over the whole, on both engines", async () => {
    await fc.assert(fc.asyncProperty(cases, async ({ rows, groups, shared, size, rotaryBase, runs: wanted, spare, seed }) => {
      const runs = rows === 1 ? wanted : wanted.map(() => 1);
      const heads = groups * shared;
      const total = runs.reduce((sum, time) => sum + time, 0);
      const capacity = total + rows + spare;
      const options = { heads, keyValueHeads: groups, rotaryBase, context: capacity };
      for (const engine of [onnx({ threads: 1 }), reference()]) {
        const step = await compile(engine, options, size);
        let cache = zeroCache(rows, groups, capacity, size);
        // Row b holds b tokens before the first run; they are what the whole begins with.
        const [q, k, v] = [heads, groups, groups].map((width, at) => randomNumbers((total + rows) * rows * width * size, seed + at));
        const part = (numbers: readonly number[] | undefined, width: number, from: (row: number) => number, time: number): NumericArray<Float32Array> => ({
          data: Float32Array.from({ length: rows * time * width }, (_, i) => {
            const row = Math.floor(i / (time * width));
            return numbers?.[(row * (total + rows) + from(row)) * width + (i % (time * width))] ?? NaN;
          }),
          shape: [rows, time, width],
        });
        const feed = (from: (row: number) => number, time: number) => ({
          query: part(q, heads * size, from, time), key: part(k, groups * size, from, time), value: part(v, groups * size, from, time),
        });
        const whole = await plain(options, size, feed(() => 0, total + rows));
        const check = async (lengths: readonly number[], time: number, checked: (row: number) => number): Promise<void> => {
          const result = await step.run({ ...feed((row) => lengths[row] ?? 0, time), ...cache, lengths: { data: Int32Array.from(lengths), shape: [rows] } });
          cache = { keys: float(result.keys), values: float(result.values) };
          for (let row = 0; row < rows; row++) {
            const width = heads * size;
            const got = Array.from(result.attended.data.subarray(row * time * width, (row * time + checked(row)) * width));
            const start = (row * (total + rows) + (lengths[row] ?? 0)) * width;
            got.forEach((value, at) => expect(value).toBeCloseTo(whole.data[start + at] ?? NaN, 4));
          }
        };
        // The prompts fill up to the longest with tokens that later ones replace.
        if (rows > 1) await check(Array.from({ length: rows }, () => 0), rows - 1, (row) => row);
        let done = 0;
        for (const time of runs) {
          await check(Array.from({ length: rows }, (_, row) => row + done), time, () => time);
          done += time;
        }
        await step.dispose();
      }
    }), { numRuns: 12 });
  });

  test("ONNX Runtime writes into the arrays that it was given", async () => {
    const step = await compile(onnx({ threads: 1 }), { heads: 2, keyValueHeads: 1, rotaryBase: undefined, context: 5 }, 8);
    const cache = zeroCache(1, 1, 5, 8);
    const ones = (width: number) => ({ data: new Float32Array(width).fill(1), shape: [1, 1, width] });
    const result = await step.run({ query: ones(16), key: ones(8), value: ones(8), ...cache, lengths: { data: Int32Array.of(3), shape: [1] } });
    expect(Array.from(cache.keys.data)).toEqual(Array.from({ length: 40 }, (_, at) => Number(at >= 24 && at < 32)));
    expect(result.keys.data.buffer).toBe(cache.keys.data.buffer);
    await step.dispose();
  });
});

function zeroCache(rows: number, groups: number, capacity: number, size: number) {
  const empty = (): NumericArray<Float32Array> => ({ data: new Float32Array(rows * groups * capacity * size), shape: [rows, groups, capacity, size] });
  return { keys: empty(), values: empty() };
}

function float({ data, shape }: NumericArray): NumericArray<Float32Array> {
  return { data: data instanceof Float32Array ? data : Float32Array.from(data), shape };
}

/** Causal attention without a cache, on the reference engine: [rows, time, heads·size]. */
async function plain(
  { heads, keyValueHeads, rotaryBase }: CachedAttentionOptions, size: number, feeds: { query: NumericArray<Float32Array>; key: NumericArray<Float32Array>; value: NumericArray<Float32Array> },
): Promise<NumericArray> {
  const program = await reference().compile({
    query: float32("rows", "time", heads * size), key: float32("rows", "time", keyValueHeads * size), value: float32("rows", "time", keyValueHeads * size),
  }, ({ query, key, value }) => {
    const [q, k, v] = [query, key, value].map((x) => x.reshape([x.dim(0), x.dim(1), -1, size]).transpose([0, 2, 1, 3]));
    if (!q || !k || !v) throw new Error("Three tensors were made.");
    const turned = (x: typeof q): typeof q => (rotaryBase === undefined ? x : rotate(x, iota([x.dim(2)]), rotaryBase));
    return { attended: attention(turned(q), turned(k), v, { causal: true }).transpose([0, 2, 1, 3]).reshape(query.shape) };
  });
  return (await program.run(feeds)).attended;
}
