import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Tokenizer } from "../../text/index.ts";
import type { DocumentSource } from "../documents/document-source.ts";
import { Lock, LockError } from "../lock.ts";
import { hash32 } from "../shuffle.ts";
import { hashDocument } from "./document-hash.ts";
import { TokenShards } from "./token-shards.ts";
import { TokenizerSample } from "./tokenizer-sample.ts";
import { writeShards, type WriteOptions } from "./write-shards.ts";

const WORDS = ["the", "cat", "sat", "on", "a", "mat", "naïve", "größer", "日本", "\n", "👍"];
/** 300 documents of 1 to 40 words. */
const DOCUMENTS = Array.from({ length: 300 }, (_, document) => (
  Array.from({ length: 1 + (hash32(1, document) % 40) }, (_unused, at) => WORDS[hash32(2, document, at) % WORDS.length]).join(" ").trim() || "empty"));

let folder: string;
let tokenizer: Tokenizer;
let source: DocumentSource;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-shards-"));
  tokenizer = await Tokenizer.train({ kind: "bpe", vocabulary: 290, lowercase: false }, DOCUMENTS);
  const file = join(folder, "documents.jsonl");
  await writeFile(file, DOCUMENTS.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  source = { kind: "jsonl", file, field: "text" };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let made = 0;
function optionsFor(more: Partial<WriteOptions> = {}): WriteOptions {
  return { folder: join(folder, `shards-${made++}`), sources: [source], tokenizer, validation: 0.2, shardTokens: 1500, threads: 1, ...more };
}

/** Names and contents. */
async function contents(shards: string): Promise<Record<string, string>> {
  const names = (await readdir(shards)).sort();
  const entries = await Promise.all(names.map(async (name): Promise<[string, string]> => [name, await readFile(join(shards, name), "base64")]));
  return Object.fromEntries(entries);
}

const expectedTokens = (split: "train" | "validation"): number[] => DOCUMENTS
  .filter((text) => (hashDocument(text).side < 0.2) === (split === "validation"))
  .flatMap((text) => [...tokenizer.encode(text), tokenizer.endId]);

describe("shards", () => {
  let options: WriteOptions;
  beforeAll(async () => {
    options = optionsFor();
    await writeShards(options);
  });

  it("hold all documents, each ended, on the side that its hash says", async () => {
    for (const split of ["train", "validation"] as const) {
      const shards = await TokenShards.open(options.folder, split);
      const expected = expectedTokens(split);
      expect(Array.from(shards.tokensAt(0, shards.tokens))).toEqual(expected);
      expect(shards.documents).toBe(expected.filter((id) => id === shards.endOfDocument).length);
      await shards.verify();
      shards.close();
    }
    const sides = await Promise.all((["train", "validation"] as const).map((split) => TokenShards.open(options.folder, split)));
    expect(sides.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(DOCUMENTS.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
    expect(sides.map(({ documents }) => documents).reduce((a, b) => a + b)).toBe(300);
  });

  it("are little-endian ids, as other tools read them", async () => {
    const bytes = await readFile(join(options.folder, "train-00000.tokens"));
    const ids = Array.from({ length: bytes.length / 2 }, (_, at) => bytes.readUInt16LE(2 * at));
    expect(ids).toEqual(expectedTokens("train").slice(0, ids.length));
    expect(ids.length).toBeGreaterThanOrEqual(1500);
    expect(ids.at(-1)).toBe(tokenizer.endId);
  });

  test.prop([fc.nat(), fc.nat(3000)])("give any stretch", async (from, length) => {
    const shards = await TokenShards.open(options.folder);
    const offset = from % shards.tokens;
    const expected = expectedTokens("train").slice(offset, offset + length);
    expect(Array.from(shards.tokensAt(offset, expected.length))).toEqual(expected);
    expect(() => shards.tokensAt(offset, shards.tokens - offset + 1)).toThrow(RangeError);
    shards.close();
  });

  it("are the same with threads", async () => {
    const threaded = optionsFor({ threads: 2 });
    await writeShards(threaded);
    expect(await contents(threaded.folder)).toEqual(await contents(options.folder));
  });

  test.prop([fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean()], { numRuns: 8, examples: [[1, 0, false]] })(
    "are the same after a kill between any two of them", async (trainShare, validationShare, damaged) => {
      const killed = optionsFor();
      const index = await writeShards(killed);
      const keptTrain = Math.floor(trainShare * index.train.length);
      const keptValidation = Math.floor(validationShare * index.validation.length);
      // As a kill leaves it: the index names finished shards; later files are unfinished, unnamed or absent.
      const partial = { ...index, complete: false, train: index.train.slice(0, keptTrain), validation: index.validation.slice(0, keptValidation) };
      await writeFile(join(killed.folder, "index.json"), JSON.stringify(partial));
      for (const { file } of [...index.train.slice(keptTrain), ...index.validation.slice(keptValidation)]) {
        if (damaged) await truncate(join(killed.folder, file), 3);
        else await rm(join(killed.folder, file));
      }
      if (damaged) await writeFile(join(killed.folder, `.train-${String(keptTrain).padStart(5, "0")}.tokens.partial`), "half");
      await writeShards(killed);
      const found = await contents(killed.folder);
      if (keptTrain === index.train.length) delete found[`.train-${String(keptTrain).padStart(5, "0")}.tokens.partial`];
      expect(found).toEqual(await contents(options.folder));
    });

  it("are kept where the same call is made again", async () => {
    const before = await contents(options.folder);
    await writeShards(options);
    expect(await contents(options.folder)).toEqual(before);
  });

  it("are not mixed with those of other options, unless they are to be replaced", async () => {
    await expect(writeShards({ ...options, shardTokens: 900 })).rejects.toThrow("were made otherwise: shardTokens differs. Give another folder, or --overwrite");
    const replaced = optionsFor();
    await writeShards({ ...replaced, shardTokens: 100 });
    await writeShards({ ...replaced, overwrite: true });
    expect(await contents(replaced.folder)).toEqual(await contents(options.folder));
  });
});

it("documents of their own are held out where they are given", async () => {
  const file = join(folder, "held-out.txt");
  await writeFile(file, "held out");
  const options = optionsFor({ validation: [{ kind: "text", file }] });
  await writeShards(options);
  const [train, validation] = [await TokenShards.open(options.folder), await TokenShards.open(options.folder, "validation")];
  expect(validation.tokenizer.decode(validation.tokensAt(0, validation.tokens))).toBe("held out");
  expect(train.documents).toBe(300);
  expect(train.bytes).toBe(DOCUMENTS.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
});

it("large vocabularies take four bytes a token", async () => {
  const file = join(folder, "many.txt");
  const words = Array.from({ length: 66_000 }, (_, word) => `w${word}`);
  const text = words.filter((_, word) => word % 1000 === 999).join(" ");
  await writeFile(file, text);
  const large = await Tokenizer.train({ kind: "word", lowercase: false, minimumCount: 1 }, [words.join(" ")]);
  const options = optionsFor({ sources: [{ kind: "text", file }], validation: 0, tokenizer: large });
  expect((await writeShards(options)).dtype).toBe("uint32");
  const shards = await TokenShards.open(options.folder);
  expect(Array.from(shards.tokensAt(0, shards.tokens))).toEqual([...large.encode(text), large.endId]);
});

it("a tokenizer is trained on training documents, with every character of them", async () => {
  const file = join(folder, "alphabet.jsonl");
  const rare = Array.from({ length: 200 }, (_, at) => JSON.stringify({ text: `plain words ${String.fromCodePoint(0x4e00 + at)}` }));
  await writeFile(file, rare.join("\n"));
  const options = optionsFor({ sources: [{ kind: "jsonl", file, field: "text" }], tokenizer: { kind: "character", lowercase: false }, tokenizerSample: 50 });
  await writeShards(options);
  const shards = await TokenShards.open(options.folder);
  expect(Array.from(shards.tokensAt(0, shards.tokens))).not.toContain(shards.tokenizer.unknownId);
  expect(shards.tokenizer.size).toBe(4 + "plainwords ".length + shards.documents);
});

test.prop([fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })), { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 200 })])(
  "a tokenizer's sample is what fits of the lowest draws, in any order", (documents, maximum) => {
    const unique = [...new Map(documents.map(([length, draw]) => [draw, { text: `${draw}`.padEnd(length, "x"), draw }])).values()];
    const sampled = (order: typeof unique): Set<string> => {
      const sample = new TokenizerSample(maximum);
      for (const { text, draw } of order) sample.add(text, draw);
      return new Set(sample.texts());
    };
    const expected = new Set<string>();
    let characters = 0;
    for (const { text } of unique.toSorted((a, b) => a.draw - b.draw)) {
      characters += text.length;
      if (expected.size > 0 && characters > maximum) break;
      expected.add(text);
    }
    expect(sampled(unique)).toEqual(expected);
    expect(sampled(unique.toReversed())).toEqual(expected);
  });

it("are known again by what was chosen, in whatever order it was written down", async () => {
  const options = optionsFor({ tokenizer: { kind: "word", lowercase: true, minimumCount: 1 }, limit: { maximum: 1000, longer: "split" } });
  const index = await writeShards(options);
  const again = { ...options, tokenizer: { minimumCount: 1, lowercase: true, kind: "word" }, limit: { longer: "split", maximum: 1000 } } as const;
  expect(await writeShards(again)).toEqual(index);
  await expect(writeShards({ ...again, tokenizer: { kind: "word", lowercase: false, minimumCount: 1 } })).rejects.toThrow("tokenizer differs");
});

describe("what is wrong with shards is named:", () => {
  it.each<[string, (shards: string) => Promise<void>, string]>([
    ["no shards", (shards) => rm(shards, { recursive: true }), "holds no token shards (no index.json); make them with decade tokenize"],
    ["a missing shard", (shards) => rm(join(shards, "train-00001.tokens")), "train-00001.tokens is missing"],
    ["a truncated shard", (shards) => truncate(join(shards, "train-00001.tokens"), 10), "train-00001.tokens is truncated: it has 10 bytes, but its"],
    ["another tokenizer", (shards) => writeFile(join(shards, "tokenizer.json"), `${tokenizer.toJson()} `), "is not the tokenizer that the shards beside it"],
    ["an index that is none", (shards) => writeFile(join(shards, "index.json"), "{}"), "is not an index of token shards"],
    ["unfinished shards", async (shards) => {
      const path = join(shards, "index.json");
      await writeFile(path, (await readFile(path, "utf8")).replace('"complete": true', '"complete": false'));
    }, "are unfinished; run the decade tokenize that makes them again"],
    ["altered content", async (shards) => {
      const path = join(shards, "train-00002.tokens");
      const bytes = await readFile(path);
      bytes[99] = (bytes[99] ?? 0) ^ 1;
      await writeFile(path, bytes);
    }, "train-00002.tokens is altered: its SHA-256 is"],
  ])("%s", async (_name, damage, message) => {
    const options = optionsFor();
    await writeShards(options);
    await damage(options.folder);
    await expect((async () => (await TokenShards.open(options.folder)).verify())()).rejects.toThrow(message);
  });

  it("input that has changed since a kill", async () => {
    const file = join(folder, "changing.jsonl");
    const lines = (third: string): string => DOCUMENTS.map((text, at) => (at === 2 ? third : JSON.stringify({ text }))).join("\n");
    await writeFile(file, lines('{"text":"abcdef"}'));
    const options = optionsFor({ sources: [{ kind: "jsonl", file, field: "text" }], validation: 0 });
    const index = await writeShards(options);
    await writeFile(join(options.folder, "index.json"), JSON.stringify({ ...index, complete: false, train: index.train.slice(0, 2) }));
    await writeFile(file, lines('{"text":"\\u0061"}')); // as long in the file: only the text tells
    const again = writeShards(options);
    await expect(again).rejects.toThrow("The finished train shards hold");
  });

  it.skipIf(!existsSync("/dev/full"))("a full disk: finished shards are kept, and the call goes on later (skipped without /dev/full)", async () => {
    const [full, whole] = [optionsFor(), optionsFor()];
    await writeShards(whole);
    await mkdir(full.folder);
    await symlink("/dev/full", join(full.folder, ".train-00002.tokens.partial"));
    await expect(writeShards(full)).rejects.toThrow(`The disk of ${full.folder} is full. Finished shards are kept`);
    expect(await readdir(full.folder)).toEqual(expect.arrayContaining(["train-00000.tokens", "train-00001.tokens"]));
    await writeShards(full);
    expect(await contents(full.folder)).toEqual(await contents(whole.folder));
  });
});

describe("what fails before a shard is finished leaves the folder as it was:", () => {
  const broken = async (name: string): Promise<WriteOptions> => {
    const file = join(folder, `${name}.jsonl`);
    await writeFile(file, '{"text":"whole"}\n{"text":');
    return optionsFor({ sources: [{ kind: "jsonl", file, field: "text" }] });
  };

  it("a new one, with those above it, goes", async () => {
    const options = await broken("new");
    const deep = join(options.folder, "a/b");
    await expect(writeShards({ ...options, folder: deep })).rejects.toThrow("line 2");
    await expect(writeShards({ ...options, folder: deep, tokenizer: { kind: "character", lowercase: false } })).rejects.toThrow("line 2");
    expect(existsSync(options.folder)).toBe(false);
  });

  it("someone's own keeps what is in it", async () => {
    const options = await broken("kept");
    await mkdir(options.folder);
    await writeFile(join(options.folder, "notes"), "mine");
    await expect(writeShards(options)).rejects.toThrow("line 2");
    expect(await contents(options.folder)).toEqual({ notes: expect.anything() as unknown });
  });

  it("shards that were to be replaced come back, after a stop too", async () => {
    const options = await broken("replacing");
    await writeShards({ ...options, sources: optionsFor().sources });
    const before = await contents(options.folder);
    await expect(writeShards({ ...options, overwrite: true })).rejects.toThrow("line 2");
    expect(await contents(options.folder)).toEqual(before);
    await expect(writeShards({ ...optionsFor({ folder: options.folder }), overwrite: true, signal: AbortSignal.abort() })).rejects.toThrow("aborted");
    expect(await contents(options.folder)).toEqual(before);
  });

  it("shards that were to be replaced when the process was killed come back with the next call", async () => {
    const options = optionsFor();
    await writeShards(options);
    const before = await contents(options.folder);
    await mkdir(join(options.folder, "replaced"));
    for (const name of Object.keys(before)) await rename(join(options.folder, name), join(options.folder, "replaced", name));
    await writeFile(join(options.folder, "tokenizer.json"), "{}"); // of the call that was killed
    await writeShards(options);
    expect(await contents(options.folder)).toEqual(before);
  });

  it("an index without shards does not bind those that come after a kill to its input", async () => {
    const options = await broken("bound");
    const index = await writeShards({ ...options, sources: optionsFor().sources });
    for (const { file } of [...index.train, ...index.validation]) await rm(join(options.folder, file));
    await writeFile(join(options.folder, "index.json"), JSON.stringify({ ...index, complete: false, train: [], validation: [] }));
    expect(await writeShards(optionsFor({ folder: options.folder, shardTokens: 700 }))).toMatchObject({ complete: true });
  });
});

it.each(["", " \n"])("input of which nothing is left to train on is refused: %j", async (content) => {
  const file = join(folder, "nothing.txt");
  await writeFile(file, content);
  const options = optionsFor({ sources: [{ kind: "text", file }] });
  await expect(writeShards(options)).rejects.toThrow("There is no training document");
  expect(existsSync(options.folder)).toBe(false);
});

describe("one folder and two writers", () => {
  it("one of them writes; the other is told who does, and finds the shards later", async () => {
    const options = optionsFor();
    const [first, second] = await Promise.allSettled([writeShards(options), writeShards(options)]);
    const outcomes = [first, second].sort((a, b) => a.status.localeCompare(b.status));
    expect(outcomes).toMatchObject([{ status: "fulfilled", value: { complete: true } }, { status: "rejected" }]);
    const reason: unknown = outcomes[1]?.status === "rejected" ? outcomes[1].reason : undefined;
    expect(reason).toBeInstanceOf(LockError);
    expect(String(reason)).toMatch(new RegExp(`The folder .*${basename(options.folder)} is in use by process ${process.pid} on `));
    const alone = optionsFor();
    await writeShards(alone);
    expect(await contents(options.folder)).toEqual(await contents(alone.folder));
    expect(await writeShards(options)).toMatchObject({ complete: true });
  });

  it("neither replaces nor waits for what another is writing, and reads what is complete", async () => {
    const options = optionsFor();
    await writeShards(options);
    const lock = await Lock.acquire(join(options.folder, "shards.lock"), "The folder");
    const before = await contents(options.folder);
    await expect(writeShards({ ...options, overwrite: true, shardTokens: 500 })).rejects.toThrow(LockError);
    expect(await contents(options.folder)).toEqual(before);
    expect(await writeShards(options)).toMatchObject({ complete: true });
    lock.release();
  });

  it("goes on in a folder whose writer was killed", async () => {
    const options = optionsFor();
    await mkdir(options.folder);
    await writeFile(join(options.folder, "shards.lock"), JSON.stringify({
      pid: spawnSync(process.execPath, ["-e", ""]).pid, host: hostname(), started: "2020-01-01T00:00:00.000Z", token: "old",
    }));
    expect(await writeShards(options)).toMatchObject({ complete: true });
    expect(await readdir(options.folder)).not.toContain("shards.lock");
  });
});
