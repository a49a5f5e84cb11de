import { TokenizerError } from "../tokenizer-error.ts";

/** What the beginning of a text is rewritten to. */
export interface Rewriting {
  readonly text: string;
  /** UTF-16 code units of the text that it takes the place of. */
  readonly length: number;
}

/**
 * SentencePiece's rules for rewriting text, `precompiled_charsmap`: int32 length of a trie, the trie, and the results,
 * in UTF-8, each with a zero byte behind it. The trie has the double array form of Darts-clone: a unit of 32 bits holds
 * the byte that leads to it (bits 0 to 7), whether a rule ends there (8) and where its successors are (9 to 31); a
 * rule's own unit, where the byte is zero, holds the place of its result.
 */
export class CharacterMap {
  readonly #units: Uint32Array;
  readonly #results: Uint8Array;
  readonly #known = new Map<number, string>();

  /** @throws TokenizerError where the lengths do not fit */
  constructor(bytes: Uint8Array, origin: string) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const size = bytes.length < 8 ? 0 : view.getUint32(0, true);
    if (size === 0 || size % 4 !== 0 || 4 + size > bytes.length) {
      throw new TokenizerError(`${origin} has rules for normalising text that are damaged; download or copy it again.`);
    }
    this.#units = Uint32Array.from({ length: size / 4 }, (_, unit) => view.getUint32(4 + 4 * unit, true));
    this.#results = bytes.subarray(4 + size);
  }

  /** The rule for the most characters from `start` on; `undefined` where none begins there. Texts are well-formed. */
  longestAt(text: string, start: number): Rewriting | undefined {
    let unit = this.#units[0] ?? 0;
    let node = offsetOf(unit);
    let found: { result: number; length: number } | undefined;
    for (let at = start; at < text.length;) {
      const point = text.codePointAt(at) ?? 0;
      const bytes = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
      for (let byte = 0; byte < bytes; byte++) {
        const value = utf8(point, bytes, byte);
        unit = this.#units[node ^ value] ?? 0;
        if ((unit & LABEL) !== value) return this.#rewriting(found);
        node ^= value ^ offsetOf(unit);
      }
      at += point < 0x1_0000 ? 1 : 2;
      if ((unit & HAS_LEAF) !== 0) found = { result: (this.#units[node] ?? 0) & VALUE, length: at - start };
    }
    return this.#rewriting(found);
  }

  #rewriting(found: { result: number; length: number } | undefined): Rewriting | undefined {
    if (found === undefined) return undefined;
    const { result, length } = found;
    let text = this.#known.get(result);
    if (text === undefined) {
      const end = this.#results.indexOf(0, result);
      text = UTF8.decode(this.#results.subarray(result, end < 0 ? undefined : end));
      this.#known.set(result, text);
    }
    return { text, length };
  }
}

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** The byte of a unit, and the bit that marks units that hold results. */
const LABEL = 0x8000_00ff | 0;
const HAS_LEAF = 1 << 8;
const VALUE = 0x7fff_ffff;

/** Large distances are stored in units of 256. */
function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
}

/** One byte of a character's UTF-8 form, which has so many. */
function utf8(point: number, bytes: number, byte: number): number {
  const bits = point >>> (6 * (bytes - 1 - byte));
  if (byte > 0) return 0x80 | (bits & 0x3f);
  return bytes === 1 ? bits : ((0xf00 >>> bytes) & 0xff) | bits;
}
