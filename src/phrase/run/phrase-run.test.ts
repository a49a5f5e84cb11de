import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolvePhraseRun } from "../../train/config/phrase.ts";
import { hash32 } from "../../data/shuffle.ts";
import { PhraseTranslator } from "./phrase-translator.ts";
import { trainPhraseBased, type TrainedPhraseRun } from "./train-phrase-based.ts";

/** Words with their translations. */
type Translated = [[string, string], ...[string, string][]];

const WORDS: Translated = [["cat", "chat"], ["dog", "chien"], ["horse", "cheval"], ["bird", "oiseau"], ["fish", "poisson"]];
const COLOURS: Translated = [["red", "rouge"], ["black", "noir"], ["small", "petit"]];

/** "a red cat sees a dog." — "un chat rouge voit un chien." */
function pairAt(number: number): readonly [string, string] {
  const pick = (items: Translated, at: number): [string, string] => items[hash32(number, at) % items.length] ?? items[0];
  const [[noun, nom], [other, autre], [colour, couleur]] = [pick(WORDS, 1), pick(WORDS, 2), pick(COLOURS, 3)];
  return [`A ${colour} ${noun} sees a ${other}.`, `Un ${nom} ${couleur} voit un ${autre}.`];
}

let folder = "";
const runs: TrainedPhraseRun[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-phrase-"));
  const pairs = Array.from({ length: 60 }, (_, number) => pairAt(number));
  await writeFile(join(folder, "train.tsv"), pairs.map((pair) => `${pair.join("\t")}\n`).join(""));
  for (const name of ["first", "second"]) runs.push(await trainPhraseBased(config(name)));
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

function config(name: string): ReturnType<typeof resolvePhraseRun> {
  return resolvePhraseRun({
    name, directory: folder,
    data: { kind: "tsv", file: join(folder, "train.tsv"), validation: { count: 10 } },
    tokenizer: { lowercase: true },
    model: { kind: "phrase-based", languageModelOrder: 3 },
    training: { tuning: { iterations: 3, restarts: 2, nBest: 20 } },
  });
}

describe("a phrase-based run", () => {
  test("learns words, their order and their marks", async () => {
    const translator = await PhraseTranslator.open(join(folder, "first"));
    const found = await translator.translate(["A red dog sees a bird.", "", "A black zebra sees a fish."]);
    expect(found.map(({ text }) => text)).toEqual(["un chien rouge voit un oiseau.", "", expect.stringContaining("zebra")]);
  });

  test("is the same when trained again", async () => {
    expect(runs.map(({ validationBleu }) => validationBleu)).toEqual([runs[0]?.validationBleu, runs[0]?.validationBleu]);
    for (const file of ["phrase-table.gz", "language-model.arpa.gz", "weights.json"]) {
      expect(await readFile(join(folder, "second", file))).toEqual(await readFile(join(folder, "first", file)));
    }
  });

  test("tells which phrases of a sentence it holds", async () => {
    const { used, held, source } = (await PhraseTranslator.open(join(folder, "first"))).explain("A red zebra");
    expect(source).toEqual(["a", "red", "zebra"]);
    expect(used.filter(({ held: isHeld }) => !isHeld).map((phrase) => phrase.target)).toEqual([["zebra"]]);
    expect(held.map(({ from, to }) => [from, to])).not.toContainEqual([2, 3]);
    expect(used.flatMap(({ from, to }) => source.slice(from, to)).sort()).toEqual([...source].sort());
  });

  test("gives n-best lists of different texts, best first, whose score is that of their features", async () => {
    const translator = await PhraseTranslator.open(join(folder, "first"));
    const { weights } = JSON.parse(await readFile(join(folder, "first", "weights.json"), "utf8")) as { weights: Record<string, number> };
    const [list = []] = await translator.translateNBest(["A small horse sees a cat."], { nBest: 20 });
    expect(new Set(list.map(({ text }) => text)).size).toBe(list.length);
    list.forEach(({ score, features = {} }, rank) => {
      expect(score).toBeLessThanOrEqual(list[rank - 1]?.score ?? Infinity);
      expect(score).toBeCloseTo(Object.entries(features).reduce((sum, [name, value]) => sum + value * (weights[name] ?? NaN), 0), 6);
    });
  });

  test("goes on where its table and language model are whole", async () => {
    const events: string[] = [];
    await rm(join(folder, "second", "weights.json"));
    await expect(PhraseTranslator.open(join(folder, "second"))).rejects.toThrow(/has no weights.json: its training has not come to its end/);
    await trainPhraseBased(config("second"), { resume: true, onEvent: ({ kind }) => events.push(kind) });
    expect(events).not.toContain("alignment");
    expect(await readFile(join(folder, "second", "weights.json"))).toEqual(await readFile(join(folder, "first", "weights.json")));
  });

  test("goes on under other settings of the search, and not under what its table was made by", async () => {
    const messages: string[] = [];
    const changed = (fields: object): typeof given => ({ ...given, ...fields });
    const given = config("second");
    await trainPhraseBased(changed({ model: { ...given.model, distortionLimit: 2 } }), { resume: true, onEvent: (event) => { if (event.kind === "notice") messages.push(event.message); } });
    expect(messages).toEqual(["Resumed under a changed configuration: model.distortionLimit was 6 and is now 2."]);
    for (const fields of [{ tokenizer: { ...given.tokenizer, lowercase: false } }, { model: { ...given.model, phraseLength: 3, distortionLimit: 2 } }]) {
      await expect(trainPhraseBased(changed(fields), { resume: true })).rejects.toThrow(/(tokenizer\.lowercase was true and is now false|model\.phraseLength was 7 and is now 3); a run keeps it for life\./);
    }
  });

  test("a damaged table is told", async () => {
    const table = join(folder, "second", "phrase-table.gz");
    await writeFile(table, (await readFile(table)).subarray(0, 300));
    await expect(PhraseTranslator.open(join(folder, "second"))).rejects.toThrow(/phrase-table.gz .*damaged, cut short/);
  });
});

describe("its configuration", () => {
  const base = { name: "x", data: { kind: "parallel", source: "a", target: "b" }, model: { kind: "phrase-based" } };

  test.each([
    [base, /data.validation: nothing was given, but a phrase-based translator's weights are tuned on it/],
    [{ ...base, training: { epochs: 3 } }, /training.epochs: unknown field/],
    [{ ...base, engine: { kind: "onnx" } }, /engine: unknown field/],
    [{ ...base, model: { kind: "phrase-based", distortionLimit: 40 } }, /model.distortionLimit: received 40, expected integer ≥ 0 and ≤ 24/],
    [{ ...base, training: { alignment: { model1: 0, hmm: 0 } } }, /training.alignment: received 0 iterations of every model/],
  ])("problems are told, %#", (input, message) => {
    expect(() => resolvePhraseRun(input)).toThrow(message);
  });
});
