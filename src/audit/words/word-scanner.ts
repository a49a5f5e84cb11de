/**
 * The words of a text, as hashes, by the cleaning of Brown et al. 2020 (GPT-3), appendix C: a word is in lower case,
 * stands between white space and has no punctuation. Letters, digits and their marks are kept (composed as NFC does it,
 * so that "é" is the same however it was typed), all else is as if it were not there, and what had nothing else is no
 * word. In scripts without spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan) each character,
 * with the marks on it, is a word of its own.
 */
import { CHARACTER, characterEntry, composed, kindOf, lowerOf } from "./characters.ts";
import { mix32 } from "./mix.ts";

/** Takes the words of one document after the other. */
export interface WordSink {
  /** The next word of the document, as 64 bits in two halves. */
  word(high: number, low: number): void;
  /** The document is over; it may have had no word. */
  end(): void;
}

/** Where one document ends and the next begins, other than where the scanner is told. */
export type Boundary = "line" | "paragraph" | "none";

const LINE_FEED = 10;
/** Bases and multipliers of FNV-1a, and others for the second half. */
const [HIGH_BASE, HIGH_FACTOR, LOW_BASE, LOW_FACTOR] = [0x811c9dc5 | 0, 0x01000193, 0x2f0b4a27, 0x5bd1e995];
const [HIGH_INVERSE, LOW_INVERSE] = [inverse(HIGH_FACTOR), inverse(LOW_FACTOR)];

/** Stands for a byte of a character beyond ASCII. */
const WIDE = 0xff;

/** For each ASCII character: the letter in lower case, or its kind, which is below all letters. */
const ASCII = Uint8Array.from({ length: 128 }, (_, code) => {
  const entry = characterEntry(code);
  return kindOf(entry) === CHARACTER.letter ? lowerOf(entry) : kindOf(entry);
});

/** Reads UTF-8 bytes and hands on their words. */
export class WordScanner {
  /** Documents that have ended, with those that had no word. */
  documents = 0;
  /** How many words so far were single characters of scripts without spaces. */
  characterWords = 0;
  #high = HIGH_BASE;
  #low = LOW_BASE;
  /** Characters of the word so far. */
  #length = 0;
  /** Whether the word so far is one that takes no further letter. */
  #alone = false;
  /** The last character, which a mark may change. */
  #last = 0;
  /** Whether the line, and the document, have anything but white space so far. */
  #lineWritten = false;
  #written = false;

  constructor(private readonly sink: WordSink, private readonly boundary: Boundary) {}

  /** Reads on. `bytes` must be UTF-8 and end with a whole character. */
  scan(bytes: Uint8Array): void {
    // The state is in local variables while ASCII is read, for speed.
    let [high, low, length, last] = [this.#high, this.#low, this.#length, this.#last];
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      const letter = byte < 0x80 ? ASCII[byte] ?? 0 : WIDE;
      if (letter > CHARACTER.alone && letter !== WIDE && !this.#alone) {
        high = Math.imul(high ^ letter, HIGH_FACTOR);
        low = Math.imul(low ^ letter, LOW_FACTOR);
        last = letter;
        length++;
        continue;
      }
      [this.#high, this.#low, this.#length, this.#last] = [high, low, length, last];
      if (letter === WIDE) at = this.#readWide(bytes, at, byte);
      else this.#readNarrow(byte, letter);
      [high, low, length, last] = [this.#high, this.#low, this.#length, this.#last];
    }
    [this.#high, this.#low, this.#length, this.#last] = [high, low, length, last];
  }

  /** Ends the document that is being read. */
  end(): void {
    this.#flush();
    this.sink.end();
    this.documents++;
    this.#lineWritten = this.#written = false;
  }

  /** Ends the text: the last document needs no line end, and where there is none, none ends. */
  finish(): void {
    const isOpen = this.#length > 0 || this.#lineWritten || this.#written;
    if (isOpen) this.end();
  }

  #readNarrow(byte: number, letter: number): void {
    if (letter === CHARACTER.ignored) {
      this.#lineWritten = true;
      return;
    }
    this.#flush();
    if (letter !== CHARACTER.space) this.#addLetter(letter, false);
    else if (byte === LINE_FEED) this.#endLine();
  }

  #readWide(bytes: Uint8Array, at: number, first: number): number {
    const count = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    let code = first & (0x3f >> count);
    for (let next = 1; next <= count; next++) code = (code << 6) | ((bytes[at + next] ?? 0) & 0x3f);
    const entry = characterEntry(code);
    const kind = kindOf(entry);
    if (kind === CHARACTER.space) this.#flush();
    else if (kind === CHARACTER.ignored) this.#lineWritten = true;
    else if (kind === CHARACTER.mark && this.#length > 0) this.#addMark(lowerOf(entry));
    else this.#addLetter(lowerOf(entry), kind === CHARACTER.alone);
    return at + count;
  }

  #addLetter(letter: number, alone: boolean): void {
    if (alone || this.#alone) this.#flush();
    if (alone) this.characterWords++;
    this.#alone = alone;
    this.#append(letter);
  }

  #addMark(mark: number): void {
    const whole = composed(this.#last, mark);
    if (whole === 0) return this.#append(mark);
    // What the last character did to the hashes is undone.
    this.#high = Math.imul(this.#high, HIGH_INVERSE) ^ this.#last;
    this.#low = Math.imul(this.#low, LOW_INVERSE) ^ this.#last;
    this.#length--;
    this.#append(whole);
  }

  #append(code: number): void {
    this.#high = Math.imul(this.#high ^ code, HIGH_FACTOR);
    this.#low = Math.imul(this.#low ^ code, LOW_FACTOR);
    this.#last = code;
    this.#length++;
  }

  #flush(): void {
    if (this.#length === 0) return;
    this.#alone = false;
    this.#lineWritten = true;
    this.sink.word(mix32(this.#high ^ this.#length), mix32(this.#low));
    [this.#high, this.#low, this.#length] = [HIGH_BASE, LOW_BASE, 0];
  }

  #endLine(): void {
    switch (this.boundary) {
      case "line":
        return this.end();
      case "paragraph":
        if (!this.#lineWritten && this.#written) return this.end();
        this.#written ||= this.#lineWritten;
        this.#lineWritten = false;
        return;
      case "none":
        return;
      default:
        return this.boundary satisfies never;
    }
  }
}

/** What an odd number is to be multiplied with to give 1 modulo 2³², by Newton's method. */
function inverse(odd: number): number {
  let result = odd;
  for (let correct = 3; correct < 32; correct *= 2) result = Math.imul(result, 2 - Math.imul(odd, result));
  return result;
}
