import { WordScanner } from "../../words/word-scanner.ts";

/** From a place in a text to before another, in UTF-16 code units. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** Where each word of a text stands, with the punctuation that touches it; words are those of `WordScanner`. */
export function wordPlaces(text: string): TextRange[] {
  const places: TextRange[] = [];
  let words = 0;
  const scanner = new WordScanner({ word: () => void words++, end: () => undefined }, "none");
  let at = 0;
  let start: number | undefined;
  const note = (): void => {
    if (words === places.length) return;
    places.push({ start: start ?? at, end: at });
    start = undefined;
  };
  for (const character of text) {
    scanner.scan(Buffer.from(character));
    note();
    start = /\s/u.test(character) ? undefined : start ?? at;
    at += character.length;
  }
  scanner.end();
  note();
  return places;
}
