import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { EvaluationBatches } from "./evaluation-batches.ts";
import { Mixture } from "./mixture.ts";
import { PackedBatches, type PackedBatchesOptions } from "./packed-batches.ts";
import type { PackedBatch, TextBatches } from "./text-batch.ts";
import { tokensInMemory } from "./token-shards.ts";

const END = 0;

/** A text whose tokens are their own places, from 1: nothing in it ends a document. */
const places = (length: number): ReturnType<typeof tokensInMemory> => tokensInMemory(Int32Array.from({ length }, (_, at) => at + 1), 1e6, END);

function epochOf(batches: TextBatches, epoch: number): PackedBatch[] {
  return Array.from({ length: batches.batchesInEpoch(epoch) }, (_, index) => batches.batch(epoch, index));
}

/** Targets that count, and a check that each follows the token at its place. */
function targetsOf(batches: readonly PackedBatch[], first = -1): number[] {
  return batches.flatMap(({ tokens, targets, judged, read }) => {
    expect(judged.data.reduce((sum, counts) => sum + counts, 0)).toBe(read);
    return Array.from(targets.data).filter((target, at) => {
      const counts = judged.data[at] === 1;
      if (counts && target !== first) expect(tokens.data[at]).toBe(target - 1);
      return counts;
    });
  });
}

const sizes = { length: fc.integer({ min: 2, max: 300 }), batch: fc.integer({ min: 1, max: 9 }), context: fc.integer({ min: 1, max: 20 }), seed: fc.nat() };
const anyText = fc.record(sizes).filter(({ length, context }) => length > context);
const anyLongText = fc.record(sizes).filter(({ length, batch, context }) => length > batch * context);

describe("shuffled windows", () => {
  test.prop([anyText, fc.nat(5)])("have every token once as a target, but for the spare ones at the ends", ({ length, batch, context, seed }, epoch) => {
    const batches = new PackedBatches(places(length), { batch, context, order: "shuffled", seed });
    const targets = targetsOf(epochOf(batches, epoch)).sort((a, b) => a - b);
    const [first = 0] = targets;
    expect(targets).toHaveLength(length - 1 - ((length - 1) % context));
    expect(targets).toEqual(targets.map((_, at) => first + at));
    expect(first).toBeGreaterThanOrEqual(2);
  });

  it("leave out other spare tokens in other epochs, and differ in order", () => {
    const batches = new PackedBatches(places(2 + 10 * 16 + 8), { batch: 4, context: 16, order: "shuffled", seed: 3 });
    const firsts = new Set(Array.from({ length: 50 }, (_, epoch) => Math.min(...targetsOf(epochOf(batches, epoch)))));
    expect([...firsts].sort((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, at) => at + 2));
    expect(targetsOf(epochOf(batches, 0))).not.toEqual(targetsOf(epochOf(batches, 1)));
  });

  test.prop([anyText, fc.nat(3), fc.nat(100), fc.constantFrom<PackedBatchesOptions["order"][]>("shuffled", "random")])(
    "go on after a stop as if there had been none", ({ length, batch, context, seed }, epoch, at, order) => {
      const options = { batch, context, order, seed };
      const uninterrupted = new PackedBatches(places(length), options);
      const index = at % uninterrupted.batchesInEpoch();
      epochOf(uninterrupted, 0);
      expect(new PackedBatches(places(length), options).batch(epoch, index)).toEqual(uninterrupted.batch(epoch, index));
    });
});

test("random windows begin everywhere alike", () => {
  const [length, context] = [60, 10];
  const batches = new PackedBatches(places(length), { batch: 50, context, order: "random", seed: 1 });
  const counts = new Array<number>(length - context).fill(0);
  const draws = 20_000;
  for (let row = 0, epoch = 0; row < draws; epoch++) {
    for (const { tokens } of epochOf(batches, epoch)) {
      for (let at = 0; at < tokens.data.length && row < draws; at += context, row++) counts[(tokens.data[at] ?? 0) - 1] = (counts[(tokens.data[at] ?? 0) - 1] ?? 0) + 1;
    }
  }
  const expected = draws / counts.length;
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(chiSquare).toBeLessThan(85.4); // the 99.9% point of χ² with 49 degrees of freedom
});

describe("sequential rows", () => {
  test.prop([anyLongText])("go on where they ended, each in a part of its own", ({ length, batch, context, seed }) => {
    const epoch = epochOf(new PackedBatches(places(length), { batch, context, order: "sequential", seed }), 2);
    epoch.forEach(({ tokens, targets, continued }, index) => {
      expect(continued).toEqual({ data: Int32Array.of(index === 0 ? 0 : 1), shape: [] });
      const before = epoch[index - 1]?.targets.data;
      for (let row = 0; row < batch; row++) {
        const end = before?.[(row + 1) * context - 1];
        if (end !== undefined) expect(tokens.data[row * context]).toBe(end);
        expect(targets.data.slice(row * context, (row + 1) * context)).toEqual(tokens.data.slice(row * context, (row + 1) * context).map((token) => token + 1));
      }
    });
    expect(new Set(targetsOf(epoch)).size).toBe(epoch.length * batch * context);
    expect(epoch.length).toBe(Math.floor(Math.floor((length - 1) / batch) / context));
  });
});

describe("evaluation", () => {
  test.prop([fc.record({ ...sizes, carried: fc.boolean() })])("has every token once as a target", ({ length, batch, context, carried }) => {
    const batches = epochOf(new EvaluationBatches(places(length), { batch, context, carried }), 0);
    expect(targetsOf(batches, 1).sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, at) => at + 1));
    expect(batches[0]?.tokens.data[0]).toBe(END);
    if (carried) expect(batches.map(({ continued }) => continued.data[0])).toEqual(batches.map((_, at) => (at === 0 ? 0 : 1)));
    else for (const { judged: { data } } of batches) expect(data.filter((_, at) => at % context === 0)).not.toContain(0);
  });

  test.prop([fc.record(sizes)])("carries rows on", ({ length, batch, context }) => {
    const batches = epochOf(new EvaluationBatches(places(length), { batch, context, carried: true }), 0);
    for (let row = 0; row < batch; row++) {
      const targets = batches.flatMap(({ targets: { data }, judged }) => (
        Array.from(data.slice(row * context, (row + 1) * context)).filter((_, at) => judged.data[row * context + at] === 1)));
      expect(targets).toEqual(targets.map((_, at) => (targets[0] ?? 0) + at));
    }
  });
});

test("documents are numbered from their end tokens on, in each row", () => {
  const text = tokensInMemory(Int32Array.of(5, 6, END, 7, END, 8, 9, 10, 11), 12, END);
  const batches = new PackedBatches(text, { batch: 2, context: 4, order: "sequential", seed: 0, documents: true });
  const { tokens, documents, positions } = batches.batch(0, 0);
  expect(Array.from(tokens.data)).toEqual([5, 6, END, 7, END, 8, 9, 10]);
  expect(Array.from(documents?.data ?? [])).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
  expect(Array.from(positions?.data ?? [])).toEqual([0, 1, 0, 1, 0, 1, 2, 3]);
});

describe("mixtures", () => {
  const anyWeights = fc.array(fc.double({ min: 0.01, max: 10, noNaN: true }), { minLength: 1, maxLength: 5 });

  test.prop([anyWeights, fc.nat(), fc.nat(20)])("share each block of 1,024 draws to within one draw, and number draws in order", (weights, seed, block) => {
    const mixture = new Mixture(weights, seed);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const counts = weights.map(() => 0);
    const draws = Array.from({ length: 1024 }, (_, at) => mixture.draw(block * 1024 + at));
    const firsts = weights.map((_, source) => draws.find((draw) => draw.source === source)?.ordinal ?? 0);
    for (const { source, ordinal } of draws) {
      expect(ordinal).toBe((firsts[source] ?? 0) + (counts[source] ?? 0));
      counts[source] = (counts[source] ?? 0) + 1;
    }
    weights.forEach((weight, source) => expect(Math.abs((counts[source] ?? 0) - (1024 * weight) / total)).toBeLessThan(1 + 1e-9));
    expect(new Mixture(weights, seed).draw(block * 1024 + 512)).toEqual(draws[512]); // asked for without those before
  });

  test.prop([fc.nat()], { numRuns: 20 })("have exact shares in expectation", (seed) => {
    const mixture = new Mixture([1, 999], seed); // 1.024 draws a block: 1 or 2
    const blocks = 400;
    let count = 0;
    for (let at = 0; at < blocks * 1024; at++) if (mixture.draw(at).source === 0) count++;
    // The number of twos is binomial with p = 0.024; five standard deviations.
    expect(Math.abs(count - blocks * 1.024)).toBeLessThan(5 * Math.sqrt(blocks * 0.024 * 0.976));
  });

  it("read each part as it would be read alone, again and again", () => {
    const [small, large] = [places(21), tokensInMemory(Int32Array.from({ length: 401 }, (_, at) => 1000 + at), 1e6, END)];
    const options = { batch: 7, context: 10, order: "shuffled", seed: 5 } as const;
    const batches = new PackedBatches([{ source: small, weight: 1 }, { source: large, weight: 1 }], options);
    const targets = [0, 1, 2].flatMap((epoch) => targetsOf(epochOf(batches, epoch)));
    const ofSmall = targets.filter((target) => target < 1000);
    for (let at = 0; at + 20 <= ofSmall.length; at += 20) {
      expect(ofSmall.slice(at, at + 20).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, place) => place + 2));
    }
    const ofLarge = targets.filter((target) => target >= 1000);
    expect(new Set(ofLarge.slice(0, 400)).size).toBe(Math.min(400, ofLarge.length));
    expect(Math.abs(ofSmall.length - targets.length / 2)).toBeLessThan(200);
  });
});

describe("what cannot be read is refused", () => {
  const options = { batch: 2, context: 4, order: "shuffled", seed: 0 } as const;
  it.each([
    ["too short a text", () => new PackedBatches(places(4), options), "has 4 tokens, but shuffled windows need 5"],
    ["too short a text for rows", () => new PackedBatches(places(8), { ...options, order: "sequential" }), "need 9: 2 rows of 4"],
    ["no context", () => new PackedBatches(places(9), { ...options, context: 0 }), "context is 0"],
    ["a batch beyond the text", () => new EvaluationBatches(places(9), { ...options, carried: true }).batch(0, 2), "has batches 0 to 1"],
    ["a batch beyond the epoch", () => new PackedBatches(places(9), options).batch(0, 1), "has batches 0 to 0"],
    ["a mixture in sequence", () => new PackedBatches([1, 1].map((weight) => ({ source: places(99), weight })), { ...options, order: "sequential" }), "cannot be read in sequence"],
    ["a weight of 0", () => new PackedBatches([0, 1].map((weight) => ({ source: places(99), weight })), options), "A weight of a mixture is 0"],
    ["two vocabularies", () => new PackedBatches([places(9), tokensInMemory(new Int32Array(9), 5, END)].map((source) => ({ source, weight: 1 })), options), "with one tokenizer"],
  ])("%s", (_name, make, message) => {
    expect(make).toThrow(message);
  });
});
