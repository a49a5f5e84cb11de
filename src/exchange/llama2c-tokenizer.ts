/**
 * Tokenizers of llama2.c: int32 length of the longest token, then for each token a float32 score, an int32 length and
 * its bytes. The first are <unk>, <s>, </s> and the 256 bytes; the rest are SentencePiece's, with blanks for "▁".
 */
import { ExchangeError } from "./exchange-error.ts";

const BLANK = "▁"; // U+2581, as SentencePiece writes blanks
const SPECIAL = ["<unk>", "<s>", "</s>"] as const;
const BYTES = 256;

interface Piece {
  readonly text: string;
  readonly score: number;
}

/** The same tokenizer as a Hugging Face tokenizer.json: byte pairs with byte fallback, in the form of Llama's. */
export function readLlama2cTokenizer(bytes: Uint8Array, vocabulary: number, path: string): object {
  const pieces = readPieces(bytes, vocabulary, path);
  return {
    version: "1.0", truncation: null, padding: null,
    added_tokens: SPECIAL.map((content, id) => (
      { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true })),
    normalizer: {
      type: "Sequence",
      normalizers: [{ type: "Prepend", prepend: BLANK }, { type: "Replace", pattern: { String: " " }, content: BLANK }],
    },
    pre_tokenizer: null,
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [
        { SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "<s>", type_id: 1 } }, { Sequence: { id: "B", type_id: 1 } },
      ],
      special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
    },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: BLANK }, content: " " }, { type: "ByteFallback" }, { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      type: "BPE", dropout: null, unk_token: "<unk>", continuing_subword_prefix: null, end_of_word_suffix: null,
      fuse_unk: true, byte_fallback: true, ignore_merges: false,
      vocab: Object.fromEntries(pieces.map(({ text }, id) => [text, id])),
      merges: mergesOf(pieces),
    },
  };
}

/**
 * SentencePiece joins the neighbours whose union is the token of the highest score, whichever two they are; so each way
 * to divide a token is a merge, and a token's score is their rank.
 */
function mergesOf(pieces: readonly Piece[]): [string, string][] {
  const known = new Set(pieces.slice(SPECIAL.length + BYTES).map(({ text }) => text));
  return pieces.slice(SPECIAL.length + BYTES)
    .sort((a, b) => b.score - a.score)
    .flatMap(({ text }) => {
      const characters = [...text];
      return characters.slice(1).flatMap((_, at): [string, string][] => {
        const [left, right] = [characters.slice(0, at + 1).join(""), characters.slice(at + 1).join("")];
        return known.has(left) && known.has(right) ? [[left, right]] : [];
      });
    });
}

function readPieces(bytes: Uint8Array, vocabulary: number, path: string): Piece[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const pieces: Piece[] = [];
  try {
    for (let at = 4; at < bytes.byteLength;) {
      const length = view.getInt32(at + 4, true);
      if (length < 0 || at + 8 + length > bytes.byteLength) throw new RangeError("a token reaches beyond the end");
      const text = decoder.decode(bytes.subarray(at + 8, at + 8 + length));
      const id = pieces.length;
      pieces.push({ score: view.getFloat32(at, true), text: SPECIAL[id] ?? (id < SPECIAL.length + BYTES ? text : text.replaceAll(" ", BLANK)) });
      at += 8 + length;
    }
  } catch (cause) {
    throw new ExchangeError(`${path} breaks off or is damaged after ${pieces.length} tokens; copy it again.`, { cause });
  }
  if (pieces.length !== vocabulary) {
    throw new ExchangeError(`The tokenizer ${path} has ${pieces.length} tokens, but the model's vocabulary has ${vocabulary}; they belong to different models.`);
  }
  return pieces;
}
