import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTranslationModel, openTranslator, writeTranslationModel, type TranslationModelContents } from "./translation-model.ts";

function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "decade-marian-"))));
afterAll(() => rm(folder, { recursive: true }));

/** What `transformers` makes of texts, end tokens included: fixtures/make-marian-folders.py. */
interface Expected {
  readonly texts: string[];
  readonly sources: number[][];
  readonly targets: number[][];
  readonly decoded: { ids: number[]; text: string }[];
}

async function expectedOf(name: string): Promise<Expected> {
  return JSON.parse(await readFile(join(fixture(name), "expected.json"), "utf8")) as Expected;
}

/** Unigram models with one vocabulary; byte pairs and a unigram model that normalises nothing, with a vocabulary each. */
describe.each(["marian-shared", "marian-separate"])("%s", (name) => {
  let opened: TranslationModelContents;
  let expected: Expected;
  beforeAll(async () => void ([opened, expected] = await Promise.all([openTranslator(fixture(name)), expectedOf(name)])));

  test.each(["source", "target"] as const)("the %s tokenizer gives the ids of transformers", (side) => {
    const tokenizer = side === "source" ? opened.sourceTokenizer : opened.targetTokenizer;
    const ids = side === "source" ? expected.sources : expected.targets;
    expect(expected.texts.length).toBeGreaterThan(30);
    expected.texts.forEach((text, at) => expect({ text, ids: [...tokenizer.encode(text), tokenizer.endId] }).toEqual({ text, ids: ids[at] }));
    expect(tokenizer.encodeBatch(expected.texts)).toEqual(expected.texts.map((text) => tokenizer.encode(text)));
  });

  test("ids are decoded as transformers decodes them", () => {
    for (const { ids, text } of expected.decoded) expect(opened.targetTokenizer.decode(ids)).toBe(text);
  });

  test("is written as it was", async () => {
    const copy = join(folder, name);
    const files = await writeTranslationModel(copy, opened);
    expect(files).toContain("target.spm");
    expect(files.includes("target_vocab.json")).toBe(name === "marian-separate");
    const again = await openTranslationModel(copy);
    expect(again.sourceTokenizer?.hasVocabularyOf(opened.sourceTokenizer)).toBe(true);
    expect(again.targetTokenizer?.hasVocabularyOf(opened.targetTokenizer)).toBe(true);
    expect(again.targetTokenizer).toMatchObject({ startId: opened.targetTokenizer.startId, padId: opened.targetTokenizer.padId, endId: 0, unknownId: 1 });
    expect(again.parameters).toEqual(opened.parameters);
  });
});

describe("language codes", () => {
  test("are one token where the vocabulary has them, before the text only", async () => {
    const { sourceTokenizer: tokenizer } = await openTranslator(fixture("marian-shared"));
    const code = tokenizer.id(">>deu<<");
    expect(code).toBeGreaterThan(1);
    expect([...tokenizer.encode(">>deu<< The dog")]).toEqual([code, ...tokenizer.encode("The dog")]);
    expect(tokenizer.encode("The >>deu<< dog")).not.toContain(code);
    expect(tokenizer.encode(">>spa<< The dog")[0]).toBe(tokenizer.unknownId);
  });

  test("do not make special tokens of text", async () => {
    const { sourceTokenizer: tokenizer } = await openTranslator(fixture("marian-shared"));
    for (const id of tokenizer.encode("</s> <pad> the </s>")) expect([tokenizer.endId, tokenizer.padId]).not.toContain(id);
  });
});

describe("refuses", () => {
  type Change = (copy: string) => Promise<unknown>;
  const edited = (file: string, change: (content: Record<string, unknown>) => Record<string, unknown>): Change => async (copy) => {
    const content = JSON.parse(await readFile(join(copy, file), "utf8")) as Record<string, unknown>;
    await writeFile(join(copy, file), JSON.stringify(change(content)));
  };
  const without = (name: string) => (content: Record<string, unknown>) => {
    const tokens = Object.keys(content).filter((token) => token !== name);
    return Object.fromEntries(tokens.map((token, id) => [token, id]));
  };

  test.each<[string, string, Change, RegExp]>([
    ["a model that is cut short", "marian-shared", async (copy) => writeFile(join(copy, "source.spm"), (await readFile(join(copy, "source.spm"))).subarray(0, 999)),
      /source\.spm is cut short, or no SentencePiece model/],
    ["a model that is something else", "marian-shared", (copy) => writeFile(join(copy, "target.spm"), "<html>Not found</html>"), /target\.spm is cut short, or no SentencePiece model/],
    ["a model that is missing", "marian-shared", (copy) => rm(join(copy, "target.spm")), /target\.spm, a SentencePiece model, cannot be read .*; download the whole folder\.$/],
    ["a vocabulary that is missing", "marian-separate", (copy) => rm(join(copy, "target_vocab.json")), /target_vocab\.json, which maps tokens to their ids, cannot be read/],
    ["a vocabulary that is none", "marian-shared", (copy) => writeFile(join(copy, "vocab.json"), '{"a": "b"}'), /vocab\.json is not as expected: the whole: the vocabulary must map tokens to whole numbers/],
    ["a vocabulary without an unknown token", "marian-shared", edited("vocab.json", without("<unk>")), /vocab\.json lacks the token <unk>, which every vocabulary of Marian has/],
    ["a vocabulary without an end", "marian-shared", edited("vocab.json", without("</s>")), /vocab\.json lacks the token <\/s>/],
    ["a vocabulary with a gap", "marian-shared", edited("vocab.json", (ids) => ({ ...ids, more: 400 })), /tokens but ids up to 400/],
    ["a vocabulary of another size", "marian-shared", edited("vocab.json", (ids) => ({ ...ids, more: Object.keys(ids).length })), /The source tokenizer in .* has \d+ tokens, but the model's vocabulary has \d+; they belong to different models/],
    ["a target vocabulary of another size", "marian-separate", edited("target_vocab.json", (ids) => ({ ...ids, more: Object.keys(ids).length })), /The target tokenizer in .* has \d+ tokens/],
    ["weights of another size", "marian-shared", edited("config.json", (config) => ({ ...config, vocab_size: 300, decoder_vocab_size: 300 })), /tokens, but the model's vocabulary has 300/],
    ["a start that no token is", "marian-shared", edited("config.json", (config) => ({ ...config, decoder_start_token_id: 999 })), /names the special token 999, but its ids are 0 to \d+/],
    ["settings of another form", "marian-shared", edited("tokenizer_config.json", (settings) => ({ ...settings, separate_vocabs: "yes" })), /tokenizer_config\.json is not as expected: separate_vocabs/],
    ["no tokenizers", "tiny-marian", async () => undefined, /has no tokenizers, neither source\.spm, target\.spm and vocab\.json nor tokenizer\.json/],
  ])("%s", async (_what, name, change, message) => {
    const copy = await mkdtemp(join(folder, "changed-"));
    await cp(fixture(name), copy, { recursive: true });
    await change(copy);
    await expect(openTranslator(copy)).rejects.toThrow(message);
    await expect(openTranslator(copy)).rejects.toThrow(expect.objectContaining({ name: expect.stringMatching(/^(Exchange|Tokenizer)Error$/) as string }) as Error);
  });

  test("nothing where settings are left out, as older folders do", async () => {
    const copy = await mkdtemp(join(folder, "changed-"));
    await cp(fixture("marian-shared"), copy, { recursive: true });
    await rm(join(copy, "tokenizer_config.json"));
    expect((await openTranslator(copy)).sourceTokenizer).toMatchObject({ unknownId: 1, endId: 0 });
  });
});
