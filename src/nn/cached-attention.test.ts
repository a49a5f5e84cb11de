import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import { emptyArray, type Allocate, type NumericArray } from "../engines/engine.ts";
import { float32, int32 } from "../graph/program.ts";
import { attention } from "./attention-product.ts";
import { cachedAttention } from "./cached-attention.ts";
import { randomNumbers } from "./fixtures/layer-checks.ts";

const cases = fc.record({
  rows: fc.integer({ min: 1, max: 3 }),
  groups: fc.integer({ min: 1, max: 2 }),
  shared: fc.integer({ min: 1, max: 2 }),
  size: fc.constantFrom(1, 4, 6, 8, 16),
  /** Tokens that each row holds; that are read; and the room that is left. */
  held: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 3, maxLength: 3 }),
  time: fc.integer({ min: 1, max: 4 }),
  spare: fc.integer({ min: 0, max: 3 }),
  seed: fc.integer({ min: 1, max: 1000 }),
});

function floats(shape: readonly number[], at: (...place: number[]) => number): NumericArray<Float32Array> {
  const size = shape.reduce((product, dim) => product * dim, 1);
  const place = (index: number): number[] => shape.map((dim, axis) => Math.floor(index / shape.slice(axis + 1).reduce((product, next) => product * next, 1)) % dim);
  return { data: Float32Array.from({ length: size }, (_, index) => at(...place(index))), shape };
}

describe("cached attention", () => {
  test("is causal attention over what is held and what is new, whatever else the cache holds, on both engines; its arrays may be written over", async () => {
    await fc.assert(fc.asyncProperty(cases, async ({ rows, groups, shared, size, held, time: wanted, spare, seed }) => {
      const [heads, first] = [groups * shared, held[0] ?? 0];
      const lengths = held.slice(0, rows);
      const time = rows === 1 || lengths.every((length) => length === 0) ? wanted : 1;
      const capacity = Math.max(...lengths) + time + spare;
      // Places [row, head, place, feature] of the whole texts.
      const whole = [heads, groups, groups].map((width, which) => {
        const numbers = randomNumbers(rows * width * capacity * size, seed + which);
        return (row = 0, head = 0, place = 0, feature = 0): number => numbers[((row * width + head) * capacity + place) * size + feature] ?? NaN;
      });
      const fresh = (which: number, width: number) => floats([rows, time, width * size], (row = 0, at = 0, feature = 0) => (
        whole[which]?.(row, Math.floor(feature / size), (lengths[row] ?? 0) + at, feature % size) ?? NaN));
      const cache = (which: number) => floats([rows, groups, capacity, size], (row = 0, head = 0, place = 0, feature = 0) => (
        place < (lengths[row] ?? 0) ? whole[which]?.(row, head, place, feature) ?? NaN : 1e3 * first + place));
      const feeds = {
        query: fresh(0, heads), key: fresh(1, groups), value: fresh(2, groups), keys: cache(1), values: cache(2), lengths: { data: Int32Array.from(lengths), shape: [rows] },
      };
      const plain = await reference().compile({ q: float32(heads, "n", size), k: float32(groups, "n", size), v: float32(groups, "n", size) }, ({ q, k, v }) => (
        { attended: attention(q.expandDims(0), k.expandDims(0), v.expandDims(0), { causal: true }).squeeze(0) }));
      const expected = await Promise.all(lengths.map(async (length, row) => (await plain.run({
        q: floats([heads, length + time, size], (...at) => whole[0]?.(row, ...at) ?? NaN),
        k: floats([groups, length + time, size], (...at) => whole[1]?.(row, ...at) ?? NaN),
        v: floats([groups, length + time, size], (...at) => whole[2]?.(row, ...at) ?? NaN),
      })).attended.data));
      for (const engine of [onnx({ threads: 1 }), reference()]) {
        const program = await engine.compile({
          query: float32("rows", "time", heads * size), key: float32("rows", "time", groups * size), value: float32("rows", "time", groups * size),
          keys: float32("rows", groups, "capacity", size), values: float32("rows", groups, "capacity", size), lengths: int32("rows"),
        }, ({ query, key, value, keys, values, lengths: counts }) => {
          const { attended, cache: after } = cachedAttention(query, key, value, { keys, values }, counts, { heads, keyValueHeads: groups });
          return { attended, ...after };
        });
        const overFeeds: Allocate = (name, dtype, length) => (name === "keys" || name === "values" ? feeds[name].data : emptyArray(dtype, length));
        for (const allocate of [undefined, overFeeds]) {
          const { attended, ...after } = await program.run(feeds, allocate);
          attended.data.forEach((got, index) => {
            const [row, at, feature] = [Math.floor(index / (time * heads * size)), Math.floor(index / (heads * size)) % time, index % (heads * size)];
            const place = (Math.floor(feature / size) * ((lengths[row] ?? 0) + time) + (lengths[row] ?? 0) + at) * size + (feature % size);
            expect(got).toBeCloseTo(expected[row]?.[place] ?? NaN, 4);
          });
          for (const [which, got] of [[1, after.keys], [2, after.values]] as const) {
            got.data.forEach((number, index) => {
              const [row, head, place, feature] = [Math.floor(index / (groups * capacity * size)), Math.floor(index / (capacity * size)) % groups, Math.floor(index / size) % capacity, index % size];
              if (place < (lengths[row] ?? 0) + time) expect(number).toBeCloseTo(whole[which]?.(row, head, place, feature) ?? NaN, 5);
            });
          }
        }
        await program.dispose();
      }
    }), { numRuns: 25 });
  });
});
