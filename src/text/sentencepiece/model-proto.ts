/**
 * The part of SentencePiece's model files that applying one needs, written as protocol buffers. Field numbers and
 * defaults are those of `sentencepiece_model.proto`.
 */
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { TokenizerError } from "../tokenizer-error.ts";
import { messageOf } from "../tokenizer-file.ts";

/** `TrainerSpec.ModelType`. */
const MODEL_TYPES = { 1: "unigram", 2: "bpe", 3: "word", 4: "char" } as const;
/** `SentencePiece.Type`. */
const PIECE_TYPES = { 1: "normal", 2: "unknown", 3: "control", 4: "user-defined", 5: "unused", 6: "byte" } as const;

export interface Piece {
  readonly text: string;
  /** A log-probability (unigram), or a rank below zero (byte pairs); a float32. */
  readonly score: number;
  readonly type: (typeof PIECE_TYPES)[keyof typeof PIECE_TYPES];
}

/** How text is written before it is cut. */
export interface NormalizerSpec {
  /** Rewriting rules, for `CharacterMap`; empty where there are none. */
  readonly characterMap: Uint8Array;
  /** Whether a text gets a blank before it (after it, where blanks end words), as other words have. */
  readonly addsDummyBlank: boolean;
  readonly removesExtraBlanks: boolean;
  /** Whether blanks become "▁". */
  readonly escapesBlanks: boolean;
  readonly blankEndsWord: boolean;
}

export interface SentencePieceModel {
  readonly type: "unigram" | "bpe";
  readonly pieces: readonly Piece[];
  readonly normalizer: NormalizerSpec;
}

/**
 * Reads a model as `spm_train` writes it (`.model`, `.spm`).
 *
 * @param origin names it in errors
 * @throws TokenizerError where the bytes are no such model, or one of a kind that Decade does not apply
 */
export function readSentencePieceModel(bytes: Uint8Array, origin: string): SentencePieceModel {
  const { pieces, trainer, normalizer } = readMessage(bytes, origin);
  const type = MODEL_TYPES[trainer.type as keyof typeof MODEL_TYPES] ?? `type ${trainer.type}`;
  if (type !== "unigram" && type !== "bpe") {
    throw new TokenizerError(`${origin} is a SentencePiece model of the kind "${type}"; Decade applies "unigram" and "bpe".`);
  }
  if (trainer.byteFallback || pieces.some((piece) => piece.type === "byte")) {
    throw new TokenizerError(`${origin} spells unknown characters by their bytes, which Decade does not do with SentencePiece models; train one without byte_fallback.`);
  }
  return { type, pieces, normalizer: { ...normalizer, blankEndsWord: trainer.blankEndsWord } };
}

interface ModelMessage {
  hasNormalizer: boolean;
  readonly pieces: Piece[];
  readonly trainer: { type: number; blankEndsWord: boolean; byteFallback: boolean };
  readonly normalizer: { characterMap: Uint8Array; addsDummyBlank: boolean; removesExtraBlanks: boolean; escapesBlanks: boolean };
}

function readMessage(bytes: Uint8Array, origin: string): ModelMessage {
  const message: ModelMessage = {
    pieces: [],
    trainer: { type: 1, blankEndsWord: false, byteFallback: false },
    hasNormalizer: false,
    normalizer: { characterMap: new Uint8Array(), addsDummyBlank: true, removesExtraBlanks: true, escapesBlanks: true },
  };
  try {
    readFields(bytes, {
      1: (reader) => message.pieces.push(readPiece(reader.bytes())),
      2: (reader) => readTrainer(reader.bytes(), message.trainer),
      3: (reader) => {
        readNormalizer(reader.bytes(), message.normalizer);
        message.hasNormalizer = true;
      },
    });
    // Files are written in this order, so that one which ends between two pieces shows by what it lacks.
    if (!message.hasNormalizer) throw new RangeError("it ends before it says how text is normalised");
    if (!message.pieces.some(({ type }) => type === "unknown")) throw new RangeError("it has no piece for what is unknown");
  } catch (cause) {
    throw new TokenizerError(`${origin} is cut short, or no SentencePiece model (${messageOf(cause)}); download or copy it again.`, { cause });
  }
  return message;
}

function readPiece(bytes: Uint8Array): Piece {
  const piece = { text: "", score: 0, type: 1 };
  readFields(bytes, {
    1: (reader) => (piece.text = reader.string(true)),
    2: (reader) => (piece.score = reader.float()),
    3: (reader) => (piece.type = reader.int32()),
  });
  const type = PIECE_TYPES[piece.type as keyof typeof PIECE_TYPES];
  if (piece.text === "" || type === undefined) throw new RangeError("a piece has no text, or none of the known types");
  return { ...piece, type };
}

function readTrainer(bytes: Uint8Array, trainer: ModelMessage["trainer"]): void {
  readFields(bytes, {
    3: (reader) => (trainer.type = reader.int32()),
    24: (reader) => (trainer.blankEndsWord = reader.bool()),
    35: (reader) => (trainer.byteFallback = reader.bool()),
  });
}

function readNormalizer(bytes: Uint8Array, normalizer: ModelMessage["normalizer"]): void {
  readFields(bytes, {
    2: (reader) => (normalizer.characterMap = reader.bytes()),
    3: (reader) => (normalizer.addsDummyBlank = reader.bool()),
    4: (reader) => (normalizer.removesExtraBlanks = reader.bool()),
    5: (reader) => (normalizer.escapesBlanks = reader.bool()),
  });
}

function readFields(bytes: Uint8Array, fields: Readonly<Record<number, (reader: BinaryReader) => unknown>>): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    const read = fields[field];
    if (read === undefined) reader.skip(wireType, field);
    else read(reader);
    if (reader.pos > reader.len) throw new RangeError("a field reaches beyond the end");
  }
}
