import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { TokenizerError } from "../tokenizer-error.ts";
import { writeModel, type WrittenModel } from "./fixtures/write-model.ts";
import { readSentencePieceModel } from "./model-proto.ts";
import { SentencePieceNormalizer } from "./normalizer.ts";

/** Its rules are those of fixtures/make-marian-folders.py in the room exchange. */
const trained = readSentencePieceModel(readFileSync(new URL("../../exchange/fixtures/marian-shared/source.spm", import.meta.url)), "source.spm");

function plain(options: Partial<WrittenModel>): SentencePieceNormalizer {
  return new SentencePieceNormalizer(readSentencePieceModel(writeModel({ pieces: [{ text: "<unk>", type: 2 }], ...options }), "m"), "m");
}

describe("rules", () => {
  const normalizer = new SentencePieceNormalizer(trained, "source.spm");

  test.each([
    "éèàçùûôîïöüñÅǺốệ한각がパ".normalize("NFD"), "ﾊﾟﾋ", "ﬁne ﬂags ﬃ", "Ｔｈｅ　ｄｏｇ", "½ ㎏ … ﷺ 𝐀",
  ])("write %s as Unicode's form NFKC does", (text) => {
    expect(normalizer.normalize(text)).toBe(`▁${text.normalize("NFKC").replaceAll(" ", "▁")}`);
  });

  test("leave what none is about, and the letter where only its accent follows no rule", () => {
    expect(normalizer.normalize("🐕x\u0301 e\u0301\u0301")).toBe("▁🐕x\u0301▁é\u0301");
    expect(normalizer.normalize("a\ud83d b")).toBe("▁a\ufffd▁b");
  });

  test("may leave nothing, or blanks, of which only one counts", () => {
    expect(normalizer.normalize("a\u0001b\t\r\n \u200bc\n")).toBe("▁ab▁c");
    expect(["", " ", "\u0001", " \n\u3000 ▁"].map((text) => normalizer.normalize(text))).toEqual(["", "", "", ""]);
  });

  test("that are damaged are refused", () => {
    for (const characterMap of [Uint8Array.of(1), Uint8Array.of(200, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8), new Uint8Array(12)]) {
      expect(() => plain({ characterMap })).toThrow(TokenizerError);
    }
    // Whatever a trie holds, following it ends.
    const noise = Uint8Array.from({ length: 4 + 256 * 4 }, (_, at) => (at < 4 ? [0, 4, 0, 0][at] ?? 0 : (at * 131) % 256));
    expect(() => plain({ characterMap: noise }).normalize("Any text, and more: déjà 日本 🐕")).not.toThrow();
  });
});

describe("blanks", () => {
  test("stay where the model keeps them", () => {
    expect(plain({ removesExtraBlanks: false }).normalize("  a  b ")).toBe("▁▁▁a▁▁b▁");
    expect(plain({ addsDummyBlank: false }).normalize("  a  b ")).toBe("a▁b");
  });

  test("end words where the model has them there", () => {
    expect(plain({ blankEndsWord: true }).normalize(" a  b")).toBe("a▁b▁");
  });
});

test("pieces that users defined stay as they are", () => {
  const kept = new SentencePieceNormalizer({ ...trained, pieces: [...trained.pieces, { text: "ﬁ", score: 0, type: "user-defined" }] }, "m");
  expect(kept.normalize("ﬁﬂ")).toBe("▁ﬁfl");
});
