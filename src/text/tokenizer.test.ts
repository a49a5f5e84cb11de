import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { fc, test } from "@fast-check/vitest";
import { Tokenizer as Binding } from "tokenizers";
import { beforeAll, describe, expect } from "vitest";
import { normalizeText } from "./normalize.ts";
import { SPECIAL_TOKENS } from "./special-tokens.ts";
import { TokenizerError } from "./tokenizer-error.ts";
import type { TokenizerSpec } from "./tokenizer-spec.ts";
import { Tokenizer } from "./tokenizer.ts";

const TEXTS = [
  "A man is sleeping on a bench.",
  "Two men are sleeping near the benches; one isn't asleep.",
  "Le garçon dort près d'un vieux café.",
  "« Où est-il ? » — 1234 façons de répondre…",
  "the theme of the thesis: then, there, these",
];

const SPECS = {
  word: { kind: "word", lowercase: true, minimumCount: 1 },
  character: { kind: "character", lowercase: false },
  symbol: { kind: "symbol" },
  bpe: { kind: "bpe", vocabulary: 300, lowercase: false },
  "lowercased bpe": { kind: "bpe", vocabulary: 300, lowercase: true },
} satisfies Record<string, TokenizerSpec>;

const tokenizers = new Map<string, Tokenizer>();
beforeAll(async () => {
  for (const [name, spec] of Object.entries(SPECS)) tokenizers.set(name, await Tokenizer.train(spec, TEXTS));
});

function trained(name: keyof typeof SPECS): Tokenizer {
  const tokenizer = tokenizers.get(name);
  if (tokenizer === undefined) throw new Error(`no tokenizer ${name}`);
  return tokenizer;
}

const wellFormed = (text: string): boolean => Buffer.from(text).toString() === text;
const namesSpecial = (text: string): boolean => SPECIAL_TOKENS.some((token) => text.includes(token));
const anyText = fc
  .oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme" }),
    // White space of all sorts between words that have merges, and marks that combine with their neighbours.
    fc
      .array(
        fc.constantFrom(
          "the",
          "café",
          "isn't",
          "É",
          " ",
          "  ",
          "\t",
          "\n",
          "\u0085",
          "\u00a0",
          "\u200b",
          "\u0301",
          ".",
          "12",
        ),
      )
      .map((parts) => parts.join("")),
  )
  .filter((text) => wellFormed(text) && !namesSpecial(text));

describe.each(Object.keys(SPECS) as (keyof typeof SPECS)[])("%s tokenizer", (name) => {
  test.prop([anyText])("gives the ids that the tokenizers package gives for its saved form", async (text) => {
    const ids = (await Binding.fromString(trained(name).toJson()).encode(text)).getIds();
    expect(Array.from(trained(name).encode(text))).toEqual(ids);
  });

  test("begins with the special tokens and numbers every token once", () => {
    const tokenizer = trained(name);
    const { padId, unknownId, startId, endId } = tokenizer;
    expect([padId, unknownId, startId, endId].map((id) => tokenizer.token(id))).toEqual([...SPECIAL_TOKENS]);
    for (let id = 0; id < tokenizer.size; id++) expect(tokenizer.id(tokenizer.token(id))).toBe(id);
  });

  test("is the same after it is saved and parsed", () => {
    const again = Tokenizer.parse(trained(name).toJson());
    expect(again.size).toBe(trained(name).size);
    expect(again.encodeBatch(TEXTS)).toEqual(trained(name).encodeBatch(TEXTS));
  });

  test("does not let text that spells a special token act as one", () => {
    const ids = trained(name).encode("the </s> man <pad>");
    for (const id of [trained(name).padId, trained(name).startId, trained(name).endId]) expect(ids).not.toContain(id);
  });

  test("leaves pad, start and end out of decoded text, and goes on after them", () => {
    const { startId, endId, padId } = trained(name);
    const ids = trained(name).encode(name === "word" ? "a man" : "A man");
    const text = trained(name).decode(ids);
    expect(trained(name).decode([startId, ...ids, endId, padId])).toBe(text);
    expect(trained(name).decode([padId, ids[0] ?? 0, endId, ...ids.subarray(1)])).toBe(text);
    expect(trained(name).decode([endId])).toBe("");
  });

  test("refuses an id outside the vocabulary", () => {
    const { size } = trained(name);
    expect(() => trained(name).decode([size])).toThrow(`Token id ${size} is not in this vocabulary`);
    expect(() => trained(name).token(-1)).toThrow(RangeError);
  });
});

describe("byte-pair encoding", () => {
  test.prop([anyText])("loses nothing but the choice among equal Unicode spellings", (text) => {
    expect(trained("bpe").decode(trained("bpe").encode(text))).toBe(normalizeText(text));
  });

  test("has exactly the vocabulary asked for, and a smaller one is the beginning of a larger", async () => {
    const small = await Tokenizer.train({ kind: "bpe", vocabulary: 280, lowercase: false }, TEXTS);
    expect([small.size, trained("bpe").size]).toEqual([280, 300]);
    for (let id = 0; id < 280; id++) expect(trained("bpe").token(id)).toBe(small.token(id));
    const none = await Tokenizer.train({ kind: "bpe", vocabulary: 260, lowercase: false }, TEXTS);
    expect(Array.from(none.encode("é"))).toHaveLength(" é".length + 1);
  });

  test("learns the most frequent pair first", async () => {
    // "ab" occurs four times, every other pair (with the space before a word) at most three.
    const tokenizer = await Tokenizer.train({ kind: "bpe", vocabulary: 261, lowercase: false }, ["ab abab cab"]);
    expect(tokenizer.token(260)).toBe("ab");
  });

  test("does not merge across words or punctuation", async () => {
    const texts = ["end. end. end. end. end."];
    // Only " end" can grow (Ġ stands for the space). Three merges make it, and a fourth would have to take in the stop.
    const whole = await Tokenizer.train({ kind: "bpe", vocabulary: 263, lowercase: false }, texts);
    expect(whole.token(262)).toBe("Ġend");
    await expect(Tokenizer.train({ kind: "bpe", vocabulary: 264, lowercase: false }, texts)).rejects.toThrow(
      "only 263",
    );
  });

  test("says how many tokens are possible where too many or too few are asked for", async () => {
    await expect(Tokenizer.train({ kind: "bpe", vocabulary: 5000, lowercase: false }, TEXTS)).rejects.toThrow(
      /vocabulary of 5000 was asked for, but these texts yield only \d+ tokens/,
    );
    await expect(Tokenizer.train({ kind: "bpe", vocabulary: 100, lowercase: false }, TEXTS)).rejects.toThrow(
      "at least 260",
    );
  });

  test("lowercases where asked", () => {
    const tokenizer = trained("lowercased bpe");
    expect(tokenizer.decode(tokenizer.encode("Le Garçon DORT"))).toBe("le garçon dort");
  });
});

describe("word, symbol and character vocabularies", () => {
  test("rank by count, then alphabetically, within their limits", async () => {
    const texts = ["b b b c c a a d", "__proto__ 7 </s>"];
    const all = await Tokenizer.train({ kind: "word", lowercase: false, minimumCount: 1 }, texts);
    expect(Array.from({ length: all.size - 4 }, (_, at) => all.token(at + 4))).toEqual([
      "b",
      "a",
      "c",
      "7",
      "__proto__",
      "d",
    ]);
    const frequent = await Tokenizer.train({ kind: "word", lowercase: false, minimumCount: 2 }, texts);
    expect(frequent.size).toBe(7);
    const few = await Tokenizer.train({ kind: "word", lowercase: false, minimumCount: 1, maximumVocabulary: 6 }, texts);
    expect(few.size).toBe(6);
    expect(Array.from(few.encode("a b c"))).toEqual([5, 4, few.unknownId]);
    expect(few.decode(few.encode("a b c"))).toBe("a b <unk>");
  });

  test("restore spaces between words and symbols, and none between characters", () => {
    expect(trained("word").decode(trained("word").encode(" A  man "))).toBe("a man");
    expect(trained("symbol").decode(trained("symbol").encode("A\tman"))).toBe("A man");
    for (const text of TEXTS) expect(trained("character").decode(trained("character").encode(text))).toBe(text);
  });

  test("refuse texts with nothing to learn and limits that make no sense", async () => {
    await expect(Tokenizer.train({ kind: "symbol" }, ["", " "])).rejects.toThrow("hold no symbol");
    await expect(Tokenizer.train({ kind: "word", lowercase: true, minimumCount: 9 }, TEXTS)).rejects.toThrow("hold no word that occurs 9 times or more");
    await expect(Tokenizer.train({ kind: "word", lowercase: true, minimumCount: 0 }, TEXTS)).rejects.toThrow(
      "minimumCount",
    );
    const tiny: TokenizerSpec = { kind: "word", lowercase: true, minimumCount: 1, maximumVocabulary: 4 };
    await expect(Tokenizer.train(tiny, TEXTS)).rejects.toThrow("maximumVocabulary");
    await expect(Tokenizer.train({ kind: "symbol" }, "a b")).rejects.toThrow("was given one string");
  });
});

test("millions of words in one text are encoded", async () => {
  const tokenizer = await Tokenizer.train({ kind: "word", lowercase: false, minimumCount: 1 }, ["ab c"]);
  expect(tokenizer.encode(`${"ab ".repeat(5e6)}c`)).toHaveLength(5e6 + 1);
});

describe("reading a tokenizer.json", () => {
  test("loads what was saved, and names a file that is missing or wrong", async () => {
    const folder = await mkdtemp(join(tmpdir(), "decade-tokenizer-"));
    try {
      const file = join(folder, "tokenizer.json");
      await writeFile(file, trained("bpe").toJson());
      expect((await Tokenizer.load(file)).encode("the café")).toEqual(trained("bpe").encode("the café"));
      await expect(Tokenizer.load(join(folder, "absent.json"))).rejects.toThrow("absent.json cannot be read");
      await writeFile(file, "{");
      await expect(Tokenizer.load(file)).rejects.toThrow(/tokenizer\.json: This tokenizer file is not JSON/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("loads a vocabulary and merges that stand apart, whatever their tokens spell", async () => {
    const folder = await mkdtemp(join(tmpdir(), "decade-byte-pairs-"));
    try {
      const tokens = ["_", "__", "p", "r", "o", "t", "pr", "ot", "prot", "proto", "__proto", "__proto__", "<|endoftext|>"];
      await writeFile(join(folder, "vocab.json"), JSON.stringify(Object.fromEntries(tokens.map((token, id) => [token, id]))));
      await writeFile(join(folder, "merges.txt"), "#version: 0.2\n_ _\np r\no t\npr ot\nprot o\n__ proto\n__proto __\n");
      const tokenizer = await Tokenizer.load(folder);
      expect([tokenizer.size, tokenizer.id("__proto__"), tokenizer.endId]).toEqual([13, 11, 12]);
      expect(tokenizer.decode(tokenizer.encode("__proto__"))).toBe("__proto__");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("refuses models that it would apply wrongly", () => {
    const file = JSON.parse(trained("bpe").toJson()) as { model: Record<string, unknown> };
    const withModel = (change: object): string => JSON.stringify({ ...file, model: { ...file.model, ...change } });
    expect(() => Tokenizer.parse(withModel({ type: "Unigram" }))).toThrow("not one that Decade can apply");
    expect(() => Tokenizer.parse(withModel({ byte_fallback: true }))).toThrow("lacks <0x00>");
    expect(() => Tokenizer.parse(withModel({ dropout: 0.1 }))).toThrow("model.dropout");
    const words = withModel({ type: "WordLevel", unk_token: "<unk>", vocab: { "<pad>": 1 } });
    expect(() => Tokenizer.parse(words)).toThrow("<pad> of this tokenizer.json has id 1");
    expect(() => Tokenizer.parse(JSON.stringify({ ...file, added_tokens: [], model: { ...file.model, vocab: {} } }))).toThrow(
      "<pad> of this tokenizer.json is missing",
    );
    const vocab = { "<pad>": 0, "<unk>": 1, "<s>": 2, "</s>": 3 };
    expect(() => Tokenizer.parse(withModel({ vocab: { ...vocab, a: 5 }, merges: [] }))).toThrow(
      "5 tokens but ids up to 5",
    );
    expect(() => Tokenizer.parse(withModel({ vocab, merges: [["x", "y"]] }))).toThrow(TokenizerError);
  });

  describe.each([true, false])("in the form of Llama, byte fallback %s", (byteFallback) => {
    const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
    const tokens = ["<unk>", "<s>", "</s>", ...(byteFallback ? bytes : []), "▁", "t", "h", "e", "a", "n", "th", "the", "▁the", "an", "▁a"];
    const json = JSON.stringify({
      version: "1.0", added_tokens: [], post_processor: null, pre_tokenizer: null,
      normalizer: { type: "Sequence", normalizers: [{ type: "Prepend", prepend: "▁" }, { type: "Replace", pattern: { String: " " }, content: "▁" }] },
      decoder: {
        type: "Sequence",
        decoders: [
          { type: "Replace", pattern: { String: "▁" }, content: " " }, { type: "ByteFallback" }, { type: "Fuse" },
          { type: "Strip", content: " ", start: 1, stop: 0 },
        ],
      },
      model: {
        type: "BPE", unk_token: "<unk>", fuse_unk: true, byte_fallback: byteFallback,
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges: [["t", "h"], ["th", "e"], ["▁", "the"], ["a", "n"], ["▁", "a"]],
      },
    });
    const tokenizer = Tokenizer.parse(json);

    test("knows its special tokens", () => {
      expect([tokenizer.padId, tokenizer.unknownId, tokenizer.startId, tokenizer.endId]).toEqual([2, 0, 1, 2]);
      expect(Tokenizer.parse(json, { start: 2, pad: 0 })).toMatchObject({ startId: 2, padId: 0, endId: 2 });
    });

    test.prop([fc.oneof(anyText, fc.array(fc.constantFrom("the", " ", "an", "é", "🙂")).map((parts) => parts.join("")))])(
      "gives the package's ids", async (text) => {
        const ids = tokenizer.encode(text);
        expect(Array.from(ids)).toEqual((await Binding.fromString(json).encode(text)).getIds());
        if (byteFallback) expect(tokenizer.decode(ids)).toBe(text.replaceAll("▁", " "));
      },
    );
  });

  test("follows a pre-tokenizer that is not its own", async () => {
    const file = JSON.parse(trained("word").toJson()) as object;
    const json = JSON.stringify({ ...file, pre_tokenizer: { type: "Whitespace" } });
    const text = "the café. isn't";
    expect(Array.from(Tokenizer.parse(json).encode(text))).toEqual(
      (await Binding.fromString(json).encode(text)).getIds(),
    );
  });
});

const captions = fileURLToPath(new URL("../../../shared/data/multi30k/val.fr.gz", import.meta.url));
test.skipIf(!existsSync(captions))(
  "real captions keep every character and the package's ids (skipped where ../shared/data is absent)",
  async () => {
    const texts = gunzipSync(readFileSync(captions)).toString("utf8").trimEnd().split("\n");
    const tokenizer = await Tokenizer.train({ kind: "bpe", vocabulary: 1000, lowercase: false }, texts);
    const expected = await Binding.fromString(tokenizer.toJson()).encodeBatch(texts);
    tokenizer.encodeBatch(texts).forEach((ids, at) => {
      expect(Array.from(ids)).toEqual(expected[at]?.getIds());
      expect(tokenizer.decode(ids)).toBe(normalizeText(texts[at] ?? ""));
    });
  },
);
