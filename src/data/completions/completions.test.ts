import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { fc, test } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Tokenizer } from "../../text/index.ts";
import type { PackedBatch } from "../shards/text-batch.ts";
import { CompletionBatches, type CompletionBatchesOptions } from "./completion-batches.ts";
import { holdOut, readCompletions, type Completion } from "./completions.ts";
import { encodeCompletions, placesOf, type EncodedCompletion } from "./encode-completions.ts";
import { packRows } from "./pack-rows.ts";

const END = 0;
const FIELDS = { promptField: "prompt", completionField: "solution" };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-completions-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

describe("reading", () => {
  const lines = '{"prompt": "1+1=", "solution": "2", "text": 7}\n\n{"prompt": "", "solution": "a\\nb"}\n';

  it("takes two fields of each line, of files that are compressed too, in order", async () => {
    const plain = await file("plain.jsonl", lines);
    const packed = await file("packed.jsonl.gz", gzipSync('{"question": "q", "prompt": "p", "solution": ""}'));
    expect(await readCompletions([plain, packed], FIELDS)).toEqual([
      { prompt: "1+1=", completion: "2" }, { prompt: "", completion: "a\nb" }, { prompt: "p", completion: "" },
    ]);
    expect(await readCompletions([packed], { promptField: "question", completionField: "prompt" })).toEqual([{ prompt: "q", completion: "p" }]);
  });

  it.each([
    ["an empty file", "", "holds no example; one JSON object a line was expected"],
    ["blank lines alone", "\n\n", "holds no example"],
    ["a missing field", `${lines}{"prompt": "1+2="}`, 'line 4, has no field "solution"; its fields are "prompt"'],
    ["a field of another type", '{"prompt": 3, "solution": "3"}', 'line 1, has a field "prompt" that is of type number, not a string'],
    ["what is no object", "[1, 2]", "line 1"],
    ["what is no JSON", '{"prompt": "1', "line 1"],
  ])("%s is refused", async (name, content, message) => {
    const path = await file(`${name.replaceAll(" ", "-")}.jsonl`, content);
    await expect(readCompletions([path], FIELDS)).rejects.toThrow(message);
    await expect(readCompletions([path], FIELDS)).rejects.toThrow(path);
  });

  it("a missing file is named", async () => {
    await expect(readCompletions([join(folder, "nowhere.jsonl")], FIELDS)).rejects.toThrow(/nowhere\.jsonl does not exist/);
  });
});

const anyExamples = fc.array(fc.record({ prompt: fc.string({ maxLength: 3 }), completion: fc.string({ maxLength: 3 }) }), { minLength: 1, maxLength: 60 });
const promptsOf = (examples: readonly Completion[]): Set<string> => new Set(examples.map(({ prompt, completion }) => prompt || completion));

describe("holding out", () => {
  test.prop([anyExamples.filter((examples) => promptsOf(examples).size > 1), fc.double({ min: 0.01, max: 0.99, noNaN: true })])(
    "divides the examples, a share of the prompts on one side, and no prompt on both", (examples, share) => {
      const { train, validation } = holdOut(examples, share);
      const [learned, held, all] = [promptsOf(train), promptsOf(validation), promptsOf(examples).size];
      expect([...held].filter((prompt) => learned.has(prompt))).toEqual([]);
      expect(held.size).toBe(Math.min(all - 1, Math.max(1, Math.round(share * all))));
      const text = (list: readonly Completion[]): string[] => list.map((example) => JSON.stringify(example));
      expect([...text(train), ...text(validation)].sort()).toEqual(text(examples).sort());
    });

  test.prop([anyExamples.filter((examples) => promptsOf(examples).size > 1)])("goes by the prompts, wherever they stand", (examples) => {
    expect(promptsOf(holdOut([...examples].reverse(), 0.3).validation)).toEqual(promptsOf(holdOut(examples, 0.3).validation));
  });

  it("needs two prompts", () => {
    expect(() => holdOut([{ prompt: "a", completion: "b" }, { prompt: "a", completion: "c" }], 0.5)).toThrow("All 2 examples have one prompt");
  });
});

test("prompts are cut apart from completions, as a generator does", async () => {
  const tokenizer = await Tokenizer.train({ kind: "bpe", vocabulary: 265, lowercase: false }, Array.from({ length: 20 }, () => "ababab =ab= abab"));
  const [example, empty] = encodeCompletions(tokenizer, [{ prompt: "abab", completion: "ab=äb" }, { prompt: "", completion: "" }]);
  const prompt = [...tokenizer.encode("abab")];
  expect([...example?.tokens ?? []]).toEqual([...prompt, ...tokenizer.encode("ab=äb"), tokenizer.endId]);
  expect(example).toMatchObject({ from: prompt.length, bytes: 6 });
  expect(tokenizer.encode("ababab=äb").length).toBeLessThan((example?.tokens.length ?? 0) - 1); // cut together, fewer tokens
  expect(empty).toEqual({ tokens: Int32Array.of(tokenizer.endId, tokenizer.endId), from: 1, bytes: 0 });
});

test.prop([fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 80 }), fc.integer({ min: 12, max: 20 })])(
  "packed rows have every item once, none more than its room, and no two of them would fit into one", (sizes, room) => {
    const rows = packRows(sizes.keys(), (item) => sizes[item] ?? 0, room);
    expect(rows.flat().sort((a, b) => a - b)).toEqual([...sizes.keys()]);
    const filled = rows.map((row) => row.reduce((sum, item) => sum + (sizes[item] ?? 0), 0)).sort((a, b) => a - b);
    for (const size of filled) expect(size).toBeLessThanOrEqual(room);
    const [first = room, second = room] = filled;
    expect(first + second).toBeGreaterThan(room);
  });

/** Each token says of which example it is, at which place, and on which side. */
const anyEncoded = fc.array(fc.record({ prompt: fc.integer({ min: 1, max: 4 }), rest: fc.integer({ min: 0, max: 5 }) }), { minLength: 1, maxLength: 40 })
  .map((sizes) => sizes.map(({ prompt, rest }, example): EncodedCompletion => ({
    tokens: Int32Array.from({ length: prompt + rest + 1 }, (_, at) => (at === prompt + rest ? END : 100 * (example + 1) + at)), from: prompt, bytes: rest,
  })));
const anyOptions = fc.record({ batch: fc.integer({ min: 1, max: 5 }), context: fc.integer({ min: 9, max: 24 }), packed: fc.boolean(), seed: fc.option(fc.nat(), { nil: undefined }) });
const withOptions = ({ seed, ...options }: { batch: number; context: number; packed: boolean; seed: number | undefined }): CompletionBatchesOptions => (
  { ...options, endOfDocument: END, ...(seed !== undefined && { seed }) });
const epochOf = (batches: CompletionBatches, epoch: number): PackedBatch[] => Array.from({ length: batches.batchesInEpoch(epoch) }, (_, index) => batches.batch(epoch, index));

describe("batches", () => {
  test.prop([anyEncoded, anyOptions, fc.nat(3)])("have each example once, whole, apart from others, and judge its completion alone", (examples, options, epoch) => {
    const seen: number[] = [];
    for (const { tokens, targets, judged, documents, positions, read } of epochOf(new CompletionBatches(examples, withOptions(options)), epoch)) {
      const time = tokens.shape[1] ?? 0;
      let places = 0;
      for (let at = 0; at < tokens.data.length;) {
        const number = Math.floor((tokens.data[at] ?? 0) / 100) - 1;
        const example = examples[number];
        if (example === undefined) { // filling
          expect([tokens.data[at], judged.data[at]]).toEqual([END, 0]);
          at++;
          continue;
        }
        const end = at + placesOf(example);
        expect(Math.floor((end - 1) / time)).toBe(Math.floor(at / time)); // not cut
        expect(tokens.data.slice(at, end)).toEqual(example.tokens.slice(0, -1));
        expect(targets.data.slice(at, end)).toEqual(example.tokens.slice(1));
        expect([...targets.data.slice(at, end)].filter((_, place) => judged.data[at + place] === 1)).toEqual([...example.tokens.slice(example.from)]);
        if (options.packed) {
          expect([...positions?.data.slice(at, end) ?? []]).toEqual(Array.from({ length: end - at }, (_, place) => place));
          const own = documents?.data[at];
          const row = [...documents?.data.slice(Math.floor(at / time) * time, (Math.floor(at / time) + 1) * time) ?? []];
          expect(row.filter((document) => document === own)).toHaveLength(end - at);
        }
        seen.push(number);
        places += end - at;
        at = end;
      }
      expect(read).toBe(places);
    }
    expect(seen.sort((a, b) => a - b)).toEqual([...examples.keys()]);
  });

  test.prop([anyEncoded, anyOptions, fc.nat(3), fc.nat(100)])("depend on epoch and index alone", (examples, options, epoch, at) => {
    const uninterrupted = new CompletionBatches(examples, withOptions(options));
    epochOf(uninterrupted, 0);
    const index = at % uninterrupted.batchesInEpoch(epoch);
    expect(new CompletionBatches(examples, withOptions(options)).batch(epoch, index)).toEqual(uninterrupted.batch(epoch, index));
  });

  it("come in other orders in other epochs, or always in that of the examples", () => {
    const examples = Array.from({ length: 50 }, (_, at): EncodedCompletion => ({ tokens: Int32Array.of(100 * (at + 1), 1, END), from: 1, bytes: 1 }));
    const options = { batch: 5, context: 8, packed: true, endOfDocument: END };
    const orders = [0, 1].map((epoch) => epochOf(new CompletionBatches(examples, { ...options, seed: 3 }), epoch).flatMap(({ tokens }) => [...tokens.data]));
    expect(orders[0]).not.toEqual(orders[1]);
    const fixed = epochOf(new CompletionBatches(examples, options), 4).flatMap(({ tokens }) => [...tokens.data].filter((token) => token >= 100));
    expect(fixed).toEqual(examples.map(({ tokens }) => tokens[0]));
  });

  const one = [{ tokens: Int32Array.of(5, 6, 7, END), from: 1, bytes: 2 }];
  const options = { batch: 2, context: 3, packed: true, endOfDocument: END };
  it.each([
    ["no example", () => new CompletionBatches([], options), "no examples"],
    ["one that is longer than a row", () => new CompletionBatches(one, { ...options, context: 2 }), "takes 3 places, but a row has 2"],
    ["no rows", () => new CompletionBatches(one, { ...options, batch: 0 }), "batch is 0"],
    ["a batch beyond the epoch", () => new CompletionBatches(one, options).batch(0, 1), "has batches 0 to 0"],
  ])("%s is refused", (_name, make, message) => {
    expect(make).toThrow(message);
  });
});
