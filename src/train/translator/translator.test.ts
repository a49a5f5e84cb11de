import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UNKNOWN_ID } from "../../text/special-tokens.ts";
import { Tokenizer } from "../../text/tokenizer.ts";
import { saveCheckpoint } from "../checkpoint/checkpoint.ts";
import { resolveRun } from "../config/config.ts";
import { buildModel } from "../run/open-run.ts";
import { RunDirectory } from "../run/run-directory.ts";
import { Translator, type NBestOptions } from "./translator.ts";
import { batchesByLength } from "./translator-batches.ts";

const ENGLISH = ["a man is sleeping on a bench", "two men are near the river", "a dog runs"];
const FRENCH = ["un homme dort sur un banc", "deux hommes sont près de la rivière", "un chien court"];
const SENTENCES = ["a man runs near the river", "", "two men are sleeping on a bench near the river", "a dog", "   ", "a dog is near a man"];

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-translator-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface RunChoices {
  readonly seed: number;
  readonly reverseSource?: boolean;
  readonly attention?: "none" | "general";
  /** Added to the output bias of the unknown token. */
  readonly unknown?: number;
  readonly french?: readonly string[];
}

/** A run with random weights, as training would have left it. */
async function makeRun(name: string, { seed, reverseSource = false, attention = "general", unknown = 0, french = FRENCH }: RunChoices): Promise<string> {
  const side = { kind: "word", lowercase: false, minimumCount: 1 } as const;
  const config = resolveRun({
    name, directory: folder, seed,
    data: { kind: "parallel", source: "train.en", target: "train.fr", validation: { count: 1 } },
    tokenizer: { source: side, target: side },
    model: { kind: "seq2seq-lstm", layers: 1, hidden: 8, reverseSource, attention },
    engine: { kind: "onnx", threads: 1 },
  });
  const run = await RunDirectory.create(config);
  const source = await Tokenizer.train(side, ENGLISH);
  const target = await Tokenizer.train(side, french);
  await writeFile(run.tokenizerFile("source"), source.toJson());
  await writeFile(run.tokenizerFile("target"), target.toJson());
  const model = new Map(buildModel(config.model, source.size, target.size).seed(seed).parameters().map((parameter) => {
    const data = parameter.initialize().map((value) => 3 * value);
    if (parameter.name === "outputBias") data[UNKNOWN_ID] = unknown;
    return [parameter.name, { dtype: "float32" as const, shape: parameter.shape, data }];
  }));
  await saveCheckpoint(run, 10, { model, optimizer: new Map(), state: {} });
  run.close();
  return run.path;
}

describe("a translator", () => {
  let translator: Translator;
  beforeAll(async () => {
    translator = await Translator.open(await makeRun("plain", { seed: 1 }));
  });
  afterAll(() => translator.dispose());

  test("gives translations in the order of the sentences, empty ones for empty lines", async () => {
    const together = await translator.translate(SENTENCES, { batch: 2, alignments: true });
    expect(together.map(({ text }) => text === "")).toEqual(SENTENCES.map((sentence) => sentence.trim() === ""));
    for (const [at, sentence] of SENTENCES.entries()) {
      const [alone] = await translator.translate([sentence], { alignments: true });
      expect(together[at]?.text).toBe(alone?.text);
      expect(together[at]?.logProbability).toBeCloseTo(alone?.logProbability ?? NaN, 4);
    }
    expect(together[0]?.text.split(" ")).toEqual(together[0]?.tokens);
  });

  test("scores its own translations as it found them", async () => {
    const sentences = SENTENCES.filter((sentence) => sentence.trim() !== "");
    const lists = await translator.translateNBest(sentences, { beam: 4, maximumLength: { factor: 3, constant: 40 } });
    const found = lists.flatMap((list, at) => list.filter(({ finished, tokens }) => finished && !tokens.includes("<unk>"))
      .map((translation) => ({ ...translation, source: sentences[at] ?? "" })));
    expect(found.length).toBeGreaterThan(3);
    const scores = await translator.score(found.map(({ source, text }) => ({ source, target: text })));
    found.forEach(({ logProbability, tokens }, at) => {
      expect(scores[at]?.logProbability).toBeCloseTo(logProbability, 3);
      expect(scores[at]?.tokens).toBe(tokens.length + 1);
    });
  });

  test("scores a list longer than it keeps at once as it scores each pair, and tells how far it is", async () => {
    const kinds = [{ source: "a dog runs", target: "un chien" }, { source: "two men", target: "deux" }, { source: "a dog runs", target: "un" }];
    const pairs = Array.from({ length: 10_001 }, (_, at) => kinds[at % kinds.length] ?? { source: "", target: "" });
    const heard: (readonly [number, number])[] = [];
    const scores = await translator.score(pairs, { batch: 512, onProgress: (done, of) => heard.push([done, of]) });
    const alone = await Promise.all(kinds.map((pair) => translator.score([pair])));
    for (const at of [0, 1, 2, 4, 9_999, 10_000]) {
      expect(scores[at]?.logProbability).toBeCloseTo(alone[at % kinds.length]?.[0]?.logProbability ?? NaN, 4);
    }
    expect(heard.at(-1)).toEqual([10_001, 10_001]);
    expect(heard.map(([done]) => done)).toEqual(heard.map(([done]) => done).sort((a, b) => a - b));
  });

  test("returns as many n-best translations and samples as were asked for", async () => {
    const sources = ["a dog runs", "two men"];
    const lists = await translator.translateNBest(sources, { nBest: 3, sample: { seed: 1 } });
    expect(lists.map((list) => list.length)).toEqual([3, 3]);
    const again = await translator.translateNBest(sources, { nBest: 3, sample: { seed: 1 }, batch: 1 });
    expect(again.map((list) => list.map(({ text }) => text))).toEqual(lists.map((list) => list.map(({ text }) => text)));
    const [best = []] = await translator.translateNBest(sources, { nBest: 6 });
    expect(best.length).toBeGreaterThan(1);
    await expect(translator.translateNBest(sources, { nBest: 6, beam: 5 })).rejects.toThrow("a beam of 5 holds no more than 5");
  });

  test("reports its progress", async () => {
    const reports: [number, number][] = [];
    await translator.translate(SENTENCES, { batch: 3, onProgress: (done, of) => reports.push([done, of]) });
    expect(reports).toEqual([[3, 4], [4, 4]]);
    const lengths: number[] = [];
    const [best] = await translator.translate(["two men"], { beam: 1, onToken: (length) => lengths.push(length) });
    expect(lengths).toEqual(Array.from({ length: (best?.tokens.length ?? NaN) + (best?.finished === true ? 1 : 0) }, (_, at) => at + 1));
  });

  test("translates fewer sentences at once the wider the beam, or the more samples", async () => {
    const progressOf = async (options: NBestOptions): Promise<number[]> => {
      const done: number[] = [];
      await translator.translateNBest(SENTENCES, { nBest: 1, ...options, onProgress: (each) => done.push(each) });
      return done;
    };
    expect(await progressOf({ beam: 512 })).toEqual([4]);
    expect(await progressOf({ beam: 1000 })).toEqual([2, 4]);
    expect(await progressOf({ beam: 5000 })).toEqual([1, 2, 3, 4]);
    expect(await progressOf({ nBest: 1000, sample: { seed: 1 } })).toEqual([2, 4]);
  });

  test("gives one encoder state a sentence, the same in a batch and alone", async () => {
    const states = await translator.encodeStates(SENTENCES);
    expect(states.map(({ length }) => length)).toEqual(SENTENCES.map(() => 8));
    const [alone] = await translator.encodeStates([SENTENCES[3] ?? ""]);
    states[3]?.forEach((value, at) => expect(value).toBeCloseTo(alone?.[at] ?? NaN, 5));
  });
});

test("alignments of a model that reads backwards are in the order of the text", async () => {
  const translator = await Translator.open(await makeRun("reversed", { seed: 2, reverseSource: true }));
  const forwards = await Translator.open(await makeRun("forwards", { seed: 2 }));
  const [best] = await translator.translate(["a dog near two men"], { alignments: true });
  const [same] = await forwards.translate(["men two near dog a"], { alignments: true });
  expect(best?.tokens).toEqual(same?.tokens);
  const [row = []] = best?.alignment ?? [];
  const [mirrored = []] = same?.alignment ?? [];
  expect(row).toHaveLength(6);
  [...row.slice(0, 5).reverse(), row[5]].forEach((weight, at) => expect(weight).toBeCloseTo(mirrored[at] ?? NaN, 5));
  await translator.dispose();
  await forwards.dispose();
});

describe("unknown tokens", () => {
  test("are replaced by source words, also by those that the vocabulary lacks, or by the user's map", async () => {
    const translator = await Translator.open(await makeRun("unknown", { seed: 3, unknown: 30 }));
    const options = { beam: 1, maximumLength: { factor: 0, constant: 4 } };
    const [plain] = await translator.translate(["Osaka Osaka Osaka"], options);
    expect(plain?.text).toBe("<unk> <unk> <unk> <unk>");
    const [replaced] = await translator.translate(["Osaka Osaka Osaka"], { ...options, replaceUnknown: true });
    expect(replaced).toMatchObject({ text: "Osaka Osaka Osaka Osaka", tokens: ["Osaka", "Osaka", "Osaka", "Osaka"] });
    const [mapped] = await translator.translate(["Osaka"], { ...options, replaceUnknown: new Map([["Osaka", "Ōsaka"]]) });
    expect(mapped?.text).toBe("Ōsaka Ōsaka Ōsaka Ōsaka");
    const [banned] = await translator.translate(["Osaka"], { ...options, banned: [UNKNOWN_ID] });
    expect(banned?.tokens).not.toContain("<unk>");
    await translator.dispose();
  });

  test("cannot be replaced without attention", async () => {
    const translator = await Translator.open(await makeRun("unattended", { seed: 3, attention: "none" }));
    await expect(translator.translate(["a dog"], { replaceUnknown: true })).rejects.toThrow(/the model has no attention/);
    await translator.dispose();
  });
});

describe("an ensemble", () => {
  test("of a run with itself translates as the run does", async () => {
    const run = await makeRun("member", { seed: 4 });
    const [alone, twice] = await Promise.all([Translator.open(run), Translator.open(run, { checkpoint: [10, "latest"] })]);
    const expected = await alone.translate(SENTENCES);
    (await twice.translate(SENTENCES)).forEach(({ text, logProbability }, at) => {
      expect(text).toBe(expected[at]?.text);
      expect(logProbability).toBeCloseTo(expected[at]?.logProbability ?? NaN, 4);
    });
    await alone.dispose();
    await twice.dispose();
  });

  test("of runs that do not fit together is refused", async () => {
    const run = await makeRun("first", { seed: 5 });
    const other = await makeRun("other-words", { seed: 6, french: [...FRENCH, "bonjour"] });
    const reversed = await makeRun("other-order", { seed: 6, reverseSource: true });
    await expect(Translator.open([run, other])).rejects.toThrow("Member 2 of the ensemble has another target vocabulary");
    await expect(Translator.open([run, reversed])).rejects.toThrow("Member 2 of the ensemble reads the source reversed");
    await expect(Translator.open([])).rejects.toThrow(/without a run/);
    await expect(Translator.open([run, run, run], { checkpoint: [10, 10] })).rejects.toThrow("2 checkpoints were given for 3 runs");
  });
});

test("batches are of similar length, of no more sentences than asked for, and fewer where they are long", () => {
  expect(batchesByLength([3, 1, 2, 5], 2)).toEqual([[1, 2], [0, 3]]);
  expect(batchesByLength([150, 10, 150, 150], 3)).toEqual([[1, 0], [2, 3]]);
  expect(batchesByLength([5000], 2)).toEqual([[0]]);
  expect(() => batchesByLength([1], 0)).toThrow("The batch size is 0");
});
