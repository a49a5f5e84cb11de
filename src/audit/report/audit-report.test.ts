import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tokensInMemory } from "../../data/shards/token-shards.ts";
import { hash32 } from "../../data/shuffle.ts";
import { onnx } from "../../engines/onnx/engine.ts";
import { trainPhraseBased } from "../../phrase/run/train-phrase-based.ts";
import { renderPage } from "../../plot/page.ts";
import { resolvePhraseRun } from "../../train/config/phrase.ts";
import { resolveRun } from "../../train/config/config.ts";
import { resolveTextRun } from "../../train/config/text.ts";
import { pretrain } from "../../train/pretrain.ts";
import { train } from "../../train/train.ts";
import { insertCanaries } from "../memorization/canaries.ts";
import { auditRun } from "./audit-run.ts";
import { chooseExamples, shownExamples } from "./choose-examples.ts";
import { reportPage } from "./report-page.ts";
import { decodedDocuments } from "./temporary-texts.ts";

let folder: string;
const engine = onnx({ threads: 1 });
const path = (name: string): string => join(folder, name);

const ENGLISH = ["the", "cat", "dog", "eats", "drinks", "apple", "water", "red", "green", "small", "big", "a"];
const FRENCH = ["le", "chat", "chien", "mange", "boit", "pomme", "eau", "rouge", "vert", "petit", "grand", "un"];

/** Word-by-word translations, all different; `from` the first. */
function sentences(words: readonly string[], from: number, count: number): string[] {
  return Array.from({ length: count }, (_, sentence) => Array.from({ length: 9 }, (__, at) => words[hash32(from + sentence, at) % words.length]).join(" "));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-report-test-"));
  const files = [["en", ENGLISH], ["fr", FRENCH]] as const;
  for (const [language, words] of files) {
    const [training, others] = [sentences(words, 0, 120), sentences(words, 1000, 12)];
    await writeFile(path(`train.${language}`), training.map((line) => `${line}\n`).join(""));
    await writeFile(path(`validation.${language}`), sentences(words, 2000, 12).map((line) => `${line}\n`).join(""));
    // The first four test pairs were trained on.
    await writeFile(path(`test.${language}`), [...training.slice(0, 4), ...others].map((line) => `${line}\n`).join(""));
  }
  const pairs = (name: string) => ({ source: path(`${name}.en`), target: path(`${name}.fr`) });
  const data = { kind: "parallel", ...pairs("train"), validation: pairs("validation"), test: pairs("test") } as const;
  await train(resolveRun({
    name: "network", directory: folder, data, tokenizer: { kind: "word" }, model: { kind: "seq2seq-lstm", layers: 1, hidden: 16, attention: "general" },
    training: { steps: 20, batch: { sentences: 16 }, optimizer: { kind: "adam", learningRate: 0.02 }, validateEvery: { steps: 10 }, checkpointEvery: { steps: 20 }, logEvery: 5, mfu: false },
    engine: { kind: "onnx", threads: 1 },
  }));
  await trainPhraseBased(resolvePhraseRun({ name: "phrases", directory: folder, data, model: { kind: "phrase-based", languageModelOrder: 2 }, training: { tuning: { iterations: 1, restarts: 0, nBest: 5, beam: 10 } } }));
  const { text, record } = insertCanaries(sentences(ENGLISH, 0, 150).map((line, at) => `${line} ${at % 10}\n`).join(""), { repeat: [0, 20], seed: 3, format: "{word} ##" });
  await writeFile(path("text.txt"), text);
  await writeFile(path("canaries.json"), JSON.stringify(record));
  await pretrain(resolveTextRun({
    name: "language", directory: folder, data: { kind: "text", files: [path("text.txt")], validation: 0.2 }, tokenizer: { kind: "character" },
    model: { kind: "gpt", layers: 1, dimension: 16, heads: 2, context: 32 },
    training: { steps: 10, batch: { sequences: 4 }, optimizer: { kind: "adamw", learningRate: 0.01 }, validateEvery: { steps: 5 }, checkpointEvery: { steps: 10 }, logEvery: 5 },
    engine: { kind: "onnx", threads: 1 },
  }));
}, 120_000);

afterAll(() => rm(folder, { recursive: true }));

/** A page that loads nothing and shows each example's reference. */
async function pageOf(report: Awaited<ReturnType<typeof auditRun>>): Promise<string> {
  const html = await renderPage(reportPage(report));
  expect(html).not.toMatch(/<script|src=|href="http|NaN|undefined/);
  for (const { reference } of report.examples) expect(html).toContain(reference);
  return html;
}

describe("auditRun", () => {
  test("of a network on pairs: planted pairs are flagged, and what the phrase table holds stands beside both outputs", async () => {
    const report = await auditRun({ run: path("network"), phrases: path("phrases"), examples: 6, samples: 12 }, engine);
    expect(report.contamination.contaminated).toBe(4);
    expect(report.contamination.sides.map(({ side, report: { exact, examples } }) => [side, exact, examples])).toEqual([["sources", 4, 16], ["targets", 4, 16]]);
    expect(report.contamination.quality).toMatchObject({ clean: { examples: 12 }, contaminated: { examples: 4 } });
    expect(report.generalization.gap?.training.examples).toBe(12);
    expect(report.examples).toHaveLength(6);
    expect(report.examples.filter(({ flags }) => flags.length > 0).map(({ index }) => index).every((index) => index < 4)).toBe(true);
    for (const { phrases, input, reference, flags } of report.examples) {
      for (const { side, text } of flags) expect(text).toBe(side === "sources" ? input : reference); // they were trained on as they are
      const words = input.split(" ").length;
      expect(phrases?.held[0]).toEqual({ words: 1, phrases: words, held: words });
      expect(phrases?.used.map(({ source }) => source).join(" ").split(" ").sort()).toEqual(input.split(" ").sort());
    }
    expect(report.run.curve.filter(({ validationLoss }) => validationLoss !== undefined).map(({ step }) => step)).toEqual([10, 20]);
    expect(await pageOf(report)).toMatch(/▲[\s\S]*table holds[\s\S]*9 of 9 single words/);
  }, 60_000);

  test("of a phrase-based translator: what was trained on is given back, and what needs likelihoods is said to be missing", async () => {
    const report = await auditRun({ run: path("phrases"), examples: 2, samples: 12 }, engine);
    expect(report.memorization.reproduction?.training.score).toBe(1);
    expect(report.generalization.gap).toBeUndefined();
    expect(await pageOf(report)).toContain("scores are no probabilities");
  }, 60_000);

  test("of a language model: exposure, extraction, the gap of losses, and text held out word for word in the training text", async () => {
    const generalization = path("generalization.json");
    const share = { accuracy: 0.5, total: 4, interval: { lower: 0.15, upper: 0.85 } };
    await writeFile(generalization, `a notice\n${JSON.stringify({ task: "rare-words", columns: [{ name: "language", trainedOn: "text", examples: null, inDistribution: share, outOfDistribution: null, groups: [{ ...share, distribution: "in", by: "letters", label: "common" }] }] })}\n`);
    const report = await auditRun({ run: path("language"), canaries: path("canaries.json"), reference: path("language"), samples: 8, generalization }, engine);
    expect(report.memorization.extraction?.exposure.map(({ repeats }) => repeats)).toEqual([0, 20]);
    expect(report.memorization.extraction?.membership?.auroc).toBe(0.5); // against itself nothing can be told
    expect(report.generalization.gap?.heldOut.score).toBeGreaterThan(0);
    const trained = (await readFile(path("text.txt"), "utf8")).split("\n");
    const flags = report.examples.flatMap((example) => example.flags);
    expect(flags.length).toBeGreaterThan(0);
    for (const { text, document } of flags) expect([document, text]).toEqual([document, trained[document - 1]]);
    const html = await pageOf(report);
    expect(html).toMatch(/Near to training and far from it: rare-words/);
    expect(html).toContain("Exposure of canaries");
  }, 60_000);

  test.each([
    [{ run: "language", phrases: "phrases" }, /is a language model, which has no source sentences, so that --phrases can say nothing of it; leave it out/],
    [{ run: "network", canaries: "canaries.json", text: "text.txt" }, /reads one sequence and writes another, so that --canaries, --text can say nothing of it; leave them out/],
    [{ run: "phrases", reference: "network" }, /no network and no probabilities, so that --reference/],
    [{ run: "network", generalization: "canaries.json" }, /canaries.json is not what `decade audit generalization --json` prints \(task/],
    [{ run: "nowhere" }, /nowhere holds no run/],
  ])("refuses in a sentence, %#", async (options, message) => {
    const given = Object.fromEntries(Object.entries(options).map(([name, file]) => [name, path(file)])) as unknown as Parameters<typeof auditRun>[0];
    await expect(auditRun(given, engine)).rejects.toThrow(message);
  });
});

test("documents come back from tokens wherever these are read apart", () => {
  const documents = Array.from({ length: 50 }, (_, at) => Array.from({ length: (at * 977) % 7000 }, (__, place) => 1 + (at + place) % 9));
  const tokens = Int32Array.from(documents.flatMap((document) => [...document, 0]));
  const decode = (ids: Int32Array): string => ids.join("");
  const withoutEnd = tokensInMemory(Int32Array.of(2, 3, 4), 10, 0);
  expect([...decodedDocuments([tokensInMemory(tokens, 10, 0), withoutEnd], decode)]).toEqual([...documents.map((document) => document.join("")), "234"]);
});

test("examples are drawn of both kinds, and shown in order", () => {
  const chosen = chooseExamples([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], new Set([1, 5]), 6, 1);
  expect([...chosen.contaminated].sort()).toEqual([1, 5]);
  expect(chosen.clean).toHaveLength(6);
  const shown = shownExamples(chosen, 4);
  expect(shown).toHaveLength(4);
  expect(shown.filter((index) => [1, 5].includes(index))).toEqual([1, 5]);
  expect(shownExamples({ clean: [3], contaminated: [2, 4, 6] }, 4)).toEqual([2, 3, 4, 6]);
});
