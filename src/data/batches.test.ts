import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { PairBatches, type PairBatchesOptions } from "./batches.ts";
import type { Example } from "./collate.ts";
import { uniform } from "./shuffle.ts";

const special = { pad: 0, start: 2, end: 3 };
const base = {
  reverseSource: false,
  sourceEnd: true,
  special: { source: special, target: special },
  seed: 1,
  shuffle: true,
};

const side = fc.nat(12).map((length) => new Int32Array(length).fill(9));
const someExamples = fc.array(fc.record({ source: side, target: side }), { minLength: 1, maxLength: 80 });
const someOptions: fc.Arbitrary<PairBatchesOptions> = fc.record({
  size: fc.oneof(
    fc.record({ sentences: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ tokens: fc.integer({ min: 26, max: 200 }) }),
  ),
  bucketWindow: fc.integer({ min: 1, max: 5 }),
  reverseSource: fc.boolean(),
  sourceEnd: fc.boolean(),
  special: fc.constant(base.special),
  seed: fc.maxSafeInteger(),
  shuffle: fc.boolean(),
});

const allIndices = (batches: PairBatches, epoch: number): number[][] =>
  Array.from({ length: batches.batchesInEpoch(epoch) }, (_, index) => [...batches.exampleIndices(epoch, index)]);

describe("PairBatches", () => {
  test.prop([someExamples, someOptions, fc.nat(5)])(
    "visits every example exactly once an epoch",
    (examples, options, epoch) => {
      const seen = allIndices(new PairBatches(examples, options), epoch).flat();
      expect(seen.sort((a, b) => a - b)).toEqual(examples.map((_, at) => at));
    },
  );

  test.prop([someExamples, someOptions, fc.nat(5)])(
    "keeps its bounds on sentences and padded tokens",
    (examples, options, epoch) => {
      const batches = new PairBatches(examples, options);
      for (let index = 0; index < batches.batchesInEpoch(epoch); index++) {
        const { source, targetInput } = batches.batch(epoch, index);
        const [rows = 0, sourceTime = 0] = source.shape;
        const [, targetTime = 0] = targetInput.shape;
        expect(rows).toBeGreaterThan(0);
        if ("sentences" in options.size) expect(rows).toBeLessThanOrEqual(options.size.sentences);
        else expect(rows * (sourceTime + targetTime)).toBeLessThanOrEqual(options.size.tokens);
      }
    },
  );

  test.prop([someExamples, someOptions])(
    "gives the same batch at a position, whatever was asked before",
    (examples, options) => {
      const used = new PairBatches(examples, options);
      used.batchesInEpoch(0);
      used.batchesInEpoch(7);
      const last = used.batchesInEpoch(3) - 1;
      expect(used.batch(3, last)).toEqual(new PairBatches(examples, options).batch(3, last));
    },
  );

  const varied: Example[] = Array.from({ length: 5000 }, (_, i) => {
    const length = 1 + Math.floor(40 * uniform(1, i) ** 2);
    return { source: new Int32Array(length), target: new Int32Array(length + Math.floor(4 * uniform(2, i))) };
  });

  test("fills batches of similar length, so that little is padding", () => {
    const batches = new PairBatches(varied, { ...base, size: { tokens: 2000 } });
    let real = 0;
    let padded = 0;
    for (let index = 0; index < batches.batchesInEpoch(0); index++) {
      const { source, targetInput, sourceTokens, targetTokens } = batches.batch(0, index);
      real += sourceTokens + targetTokens;
      padded += source.data.length + targetInput.data.length;
    }
    expect(padded / real).toBeLessThan(1.1);
    // Full batches: no more of them than the tokens need, and a few for windows' ends.
    expect(batches.batchesInEpoch(0)).toBeLessThan((padded / 2000) * 1.1);
  });

  test("orders examples and batches anew each epoch when shuffling, and never otherwise", () => {
    const shuffled = new PairBatches(varied, { ...base, size: { sentences: 32 } });
    expect(allIndices(shuffled, 0)).not.toEqual(allIndices(shuffled, 1));
    const meanTime = allIndices(shuffled, 0).map((rows) => varied[rows[0] ?? 0]?.source.length ?? 0);
    expect(meanTime).not.toEqual([...meanTime].sort((a, b) => a - b));
    const still = new PairBatches(varied, { ...base, size: { sentences: 32 }, shuffle: false });
    expect(allIndices(still, 0)).toEqual(allIndices(still, 1));
  });

  test("applies the second bound", () => {
    const batches = new PairBatches(varied, { ...base, size: { tokens: 2000 }, maximum: { sentences: 8 } });
    expect(Math.max(...allIndices(batches, 0).map((rows) => rows.length))).toBe(8);
  });

  test("refuses an example that alone exceeds the bound, no examples, bad sizes and positions", () => {
    const long = [{ source: new Int32Array(50), target: new Int32Array(60) }];
    expect(() => new PairBatches(long, { ...base, size: { tokens: 100 } })).toThrow(
      "Example 0 has 51 source and 61 target tokens, more than the 100 tokens a batch may hold",
    );
    expect(() => new PairBatches([], { ...base, size: { tokens: 100 } })).toThrow("no examples");
    expect(() => new PairBatches(long, { ...base, size: { sentences: 0 } })).toThrow("in sentences is 0");
    expect(() => new PairBatches(long, { ...base, size: { sentences: 1 }, bucketWindow: 0 })).toThrow(
      "bucketWindow is 0",
    );
    expect(() => new PairBatches(long, { ...base, size: { sentences: 1 } }).batch(0, 1)).toThrow("batches 0 to 0");
  });
});
