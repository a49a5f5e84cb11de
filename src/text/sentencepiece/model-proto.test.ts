import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { TokenizerError } from "../tokenizer-error.ts";
import { writeModel } from "./fixtures/write-model.ts";
import { readSentencePieceModel } from "./model-proto.ts";

const UNKNOWN = { text: "<unk>", type: 2 };
const trained = new URL("../../exchange/fixtures/marian-shared/source.spm", import.meta.url);

test("reads what spm_train writes, and nothing that breaks off", async () => {
  const bytes = await readFile(trained);
  const whole = readSentencePieceModel(bytes, "source.spm");
  expect(whole.type).toBe("unigram");
  expect(whole.pieces.slice(0, 3)).toEqual([{ text: "<unk>", score: 0, type: "unknown" }, { text: "<s>", score: 0, type: "control" }, { text: "</s>", score: 0, type: "control" }]);
  expect(whole.pieces).toHaveLength(130);
  for (let length = 0; length < bytes.length; length++) {
    try {
      // Behind the last field that is read, only a self-test and the like may follow.
      expect(readSentencePieceModel(bytes.subarray(0, length), "cut.spm")).toEqual(whole);
    } catch (error) {
      expect(error).toBeInstanceOf(TokenizerError);
      expect((error as Error).message).toMatch(/^cut\.spm is cut short, or no SentencePiece model \(.*\); download or copy it again\.$/);
    }
  }
  expect(() => readSentencePieceModel(bytes.subarray(0, bytes.length / 2), "cut.spm")).toThrow(TokenizerError);
});

test("knows every setting, and the defaults of files that leave them out", () => {
  const pieces = [UNKNOWN, { text: "▁a", score: -1.5 }, { text: "[B]", type: 4 }, { text: "c", type: 5 }];
  const read = readSentencePieceModel(writeModel({ pieces, type: 2, removesExtraBlanks: false, addsDummyBlank: false, blankEndsWord: true, characterMap: Uint8Array.of(1, 2) }), "m");
  expect(read).toEqual({
    type: "bpe",
    pieces: [{ text: "<unk>", score: 0, type: "unknown" }, { text: "▁a", score: -1.5, type: "normal" }, { text: "[B]", score: 0, type: "user-defined" }, { text: "c", score: 0, type: "unused" }],
    normalizer: { characterMap: Uint8Array.of(1, 2), addsDummyBlank: false, removesExtraBlanks: false, escapesBlanks: true, blankEndsWord: true },
  });
  // One unknown piece, then an empty specification.
  const bare = Uint8Array.of(0x0a, 5, 0x0a, 1, 0x3f, 0x18, 2, 0x1a, 0);
  expect(readSentencePieceModel(bare, "m")).toEqual({
    type: "unigram", pieces: [{ text: "?", score: 0, type: "unknown" }],
    normalizer: { characterMap: new Uint8Array(), addsDummyBlank: true, removesExtraBlanks: true, escapesBlanks: true, blankEndsWord: false },
  });
});

test.each([
  ["another kind of model", writeModel({ pieces: [UNKNOWN], type: 3 }), 'm is a SentencePiece model of the kind "word"; Decade applies "unigram" and "bpe".'],
  ["one that spells bytes", writeModel({ pieces: [UNKNOWN], byteFallback: true }), "m spells unknown characters by their bytes"],
  ["one without an unknown piece", writeModel({ pieces: [{ text: "a" }] }), "it has no piece for what is unknown"],
  ["an empty piece", writeModel({ pieces: [UNKNOWN, { text: "" }] }), "a piece has no text"],
  ["a web page", new TextEncoder().encode("<!DOCTYPE html><html>"), "m is cut short, or no SentencePiece model"],
  ["what stands for a large file in Git", new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\n"), "no SentencePiece model"],
  ["nothing", new Uint8Array(), "no SentencePiece model"],
])("refuses %s", (_what, bytes, message) => {
  expect(() => readSentencePieceModel(bytes, "m")).toThrow(message);
  expect(() => readSentencePieceModel(bytes, "m")).toThrow(TokenizerError);
});
