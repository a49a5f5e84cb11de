/** What a character is to the words of a text, by tables that are filled where they are looked up. */

export const CHARACTER = {
  /** Punctuation, symbols, controls: as if it were not there. */
  ignored: 0,
  /** Between words. */
  space: 1,
  /** A letter or digit. */
  letter: 2,
  /** Joined to the letter before it. */
  mark: 3,
  /** A word of its own. */
  alone: 4,
} as const;

const PAGE_BITS = 8;
const KIND_BITS = 3;
const pages: (Uint32Array | undefined)[] = [];
const compositions = new Map<number, number>();

/** Vowels and last consonants of Korean syllables that are written in parts, as some systems do: NFC composes them as it does marks. */
const SYLLABLE_PARTS = /[\u1161-\u1175\u11a8-\u11c2]/u;

/** Scripts in which no space stands between words. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}]/u;

/** The kind of a code point and its lower case; `kindOf` and `lowerOf` take them apart. */
export function characterEntry(code: number): number {
  const page = (pages[code >>> PAGE_BITS] ??= fillPage(code >>> PAGE_BITS));
  return page[code & ((1 << PAGE_BITS) - 1)] ?? 0;
}

export function kindOf(entry: number): number {
  return entry & ((1 << KIND_BITS) - 1);
}

export function lowerOf(entry: number): number {
  return entry >>> KIND_BITS;
}

/** The one character that a character and a mark make together (NFC), or 0. */
export function composed(code: number, mark: number): number {
  const key = code * 0x110000 + mark;
  const known = compositions.get(key);
  if (known !== undefined) return known;
  const characters = Array.from(String.fromCodePoint(code, mark).normalize("NFC"));
  const whole = characters.length === 1 ? (characters[0]?.codePointAt(0) ?? 0) : 0;
  compositions.set(key, whole);
  return whole;
}

function fillPage(page: number): Uint32Array {
  return Uint32Array.from({ length: 1 << PAGE_BITS }, (_, low) => entryOf((page << PAGE_BITS) | low));
}

function entryOf(code: number): number {
  const character = String.fromCodePoint(code);
  // Where lower case takes several characters (İ), the first stands for them.
  const lower = character.toLowerCase().codePointAt(0) ?? code;
  return (lower << KIND_BITS) | classify(character);
}

function classify(character: string): number {
  if (/\s/u.test(character)) return CHARACTER.space;
  if (/\p{M}/u.test(character) || SYLLABLE_PARTS.test(character)) return CHARACTER.mark;
  if (!/[\p{L}\p{N}]/u.test(character)) return CHARACTER.ignored;
  return UNSPACED.test(character) ? CHARACTER.alone : CHARACTER.letter;
}
