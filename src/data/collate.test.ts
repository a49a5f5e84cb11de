import { describe, expect, test } from "vitest";
import { collate, type CollateOptions, type Example } from "./collate.ts";

const options: CollateOptions = {
  reverseSource: false,
  sourceEnd: true,
  special: { source: { pad: 0, start: 2, end: 3 }, target: { pad: 10, start: 12, end: 13 } },
};
const examples: Example[] = [
  { source: Int32Array.of(5, 6, 7), target: Int32Array.of(21) },
  { source: Int32Array.of(8), target: Int32Array.of(22, 23) },
];

describe("collate", () => {
  test("pads on the right and shifts the target by its start token", () => {
    const batch = collate(examples, options);
    expect(batch.source).toEqual({ shape: [2, 4], data: Int32Array.of(5, 6, 7, 3, 8, 3, 0, 0) });
    expect(batch.sourceLengths).toEqual({ shape: [2], data: Int32Array.of(4, 2) });
    expect(batch.targetInput).toEqual({ shape: [2, 3], data: Int32Array.of(12, 21, 10, 12, 22, 23) });
    expect(batch.targetOutput).toEqual({ shape: [2, 3], data: Int32Array.of(21, 13, 10, 22, 23, 13) });
    expect(batch.targetLengths).toEqual({ shape: [2], data: Int32Array.of(2, 3) });
    expect([batch.sourceTokens, batch.targetTokens]).toEqual([6, 5]);
  });

  test("reverses the words of the source but not its end token, and leaves the example as it was", () => {
    const batch = collate(examples, { ...options, reverseSource: true });
    expect(batch.source.data).toEqual(Int32Array.of(7, 6, 5, 3, 8, 3, 0, 0));
    expect(examples[0]?.source).toEqual(Int32Array.of(5, 6, 7));
  });

  test("leaves out the source's end token where it is not asked for", () => {
    const batch = collate(examples, { ...options, sourceEnd: false });
    expect(batch.source).toEqual({ shape: [2, 3], data: Int32Array.of(5, 6, 7, 8, 0, 0) });
    expect(batch.sourceTokens).toBe(4);
  });

  test("refuses an empty batch", () => {
    expect(() => collate([], options)).toThrow("no examples");
  });
});
