import type { Tokenizer as Binding } from "tokenizers";

/** What the pattern of GPT-2 tells apart: letters, numbers, white space, anything else. */
const LETTER = 1;
const NUMBER = 2;
const SPACE = 3;
const OTHER = 4;

const BLANK = 0x20;
const APOSTROPHE = 0x27;
/** Below it, every text is in normalisation form C: no character composes with another. */
const FIRST_COMBINING = 0x300;

/**
 * Cuts text as GPT-2 does: English contractions, words, numbers and runs of other signs, each with the blank before it,
 * and white space (Radford et al. 2019, §2.2; the pattern is in the model's published encoder,
 * `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`).
 *
 * The tokenizers package cuts by the same pattern, but hands over each piece with its offsets, and a regular expression
 * of JavaScript may overflow on a long word; a scan does neither. What class a character belongs to is asked of the
 * package, once for each, so that both follow the same edition of Unicode.
 */
export class ByteLevelPieces {
  readonly #classes = new Uint8Array(0x110000);
  readonly #normalizer: ReturnType<Binding["getNormalizer"]>;
  readonly #preTokenizer: ReturnType<Binding["getPreTokenizer"]>;

  constructor(binding: Binding) {
    this.#normalizer = binding.getNormalizer();
    this.#preTokenizer = binding.getPreTokenizer();
  }

  /** The text as the pieces are cut from it. */
  normalize(text: string, leadingBlank: boolean): string {
    if (this.#normalizer === null || text === "") return text;
    if (!hasCombining(text)) return leadingBlank ? ` ${text}` : text;
    return this.#normalizer.normalizeString(text);
  }

  /** Calls `use` for each piece of a normalised text, in order. */
  cut(text: string, use: (piece: string) => void): void {
    for (let at = 0; at < text.length;) {
      const end = this.#end(text, at);
      use(text.slice(at, end));
      at = end;
    }
  }

  #end(text: string, start: number): number {
    const first = text.charCodeAt(start);
    if (first === APOSTROPHE) {
      const length = contraction(text, start + 1);
      if (length > 0) return start + 1 + length;
    }
    const body = first === BLANK && start + 1 < text.length ? start + 1 : start;
    const kind = this.#classAt(text, body);
    if (kind !== SPACE) return this.#runEnd(text, body, kind);
    const end = this.#runEnd(text, start, SPACE);
    // A run before a word leaves its last character to the word. No white space lies beyond the basic plane.
    return end < text.length && end - start > 1 ? end - 1 : end;
  }

  #runEnd(text: string, start: number, kind: number): number {
    let end = start;
    while (end < text.length && this.#classAt(text, end) === kind) end += text.charCodeAt(end) >= 0xd800 ? width(text, end) : 1;
    return end;
  }

  #classAt(text: string, at: number): number {
    const unit = text.charCodeAt(at);
    const code = unit < 0xd800 ? unit : (text.codePointAt(at) ?? unit);
    const known = this.#classes[code] ?? 0;
    if (known !== 0) return known;
    const found = this.#classify(String.fromCodePoint(code));
    this.#classes[code] = found;
    return found;
  }

  /** A character of a class joins its neighbour of the same class, in "a?1?!". */
  #classify(character: string): number {
    if (character === " " || this.#preTokenizer === null) return SPACE;
    const ends = this.#preTokenizer.preTokenizeString(`a${character}1${character}!`).map(([, [, end]]) => end);
    if (ends[0] === 2) return LETTER;
    if (ends.length === 3) return NUMBER;
    return ends.length === 4 ? OTHER : SPACE;
  }
}

function hasCombining(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >= FIRST_COMBINING) return true;
  return false;
}

function width(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

/** How many characters after an apostrophe belong to it: 's, 't, 'm, 'd, 're, 've, 'll. */
function contraction(text: string, at: number): number {
  const first = text[at] ?? "";
  if (first !== "" && "stmd".includes(first)) return 1;
  return ["re", "ve", "ll"].includes(text.slice(at, at + 2)) ? 2 : 0;
}

/** Printable stand-ins of the 256 bytes (GPT-2): themselves where they can be read in Latin-1, else U+0100 onwards. */
const BYTE_SYMBOLS: readonly string[] = byteSymbols();

function byteSymbols(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const readable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(readable ? byte : next++);
  });
}

/** A piece as the vocabulary spells it: one symbol for each of its UTF-8 bytes. */
export function spellBytes(piece: string): string {
  let spelled = "";
  for (const byte of Buffer.from(piece, "utf8")) spelled += BYTE_SYMBOLS[byte] ?? "";
  return spelled;
}
