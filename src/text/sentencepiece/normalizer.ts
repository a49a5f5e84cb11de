import { CharacterMap } from "./character-map.ts";
import type { SentencePieceModel } from "./model-proto.ts";

/** What SentencePiece writes for a blank. */
export const BLANK = "▁"; // U+2581

/**
 * Writes text as SentencePiece does before it cuts it: characters by the model's rules (mostly Unicode's form NFKC), runs
 * of blanks as one, blanks as "▁", one of them before the first word.
 *
 * The `tokenizers` package has a normaliser for the same rules, but it applies the first that fits where SentencePiece
 * applies the longest, and none across the bounds of long graphemes; it loses accents that stand as characters of their
 * own.
 */
export class SentencePieceNormalizer {
  readonly #map: CharacterMap | undefined;
  readonly #spec: SentencePieceModel["normalizer"];
  /** Pieces that users defined, longest first, which no rule changes. */
  readonly #kept: readonly string[];

  /** @throws TokenizerError where the rules are damaged */
  constructor({ normalizer, pieces }: SentencePieceModel, origin: string) {
    this.#spec = normalizer;
    this.#map = normalizer.characterMap.length === 0 ? undefined : new CharacterMap(normalizer.characterMap, origin);
    this.#kept = pieces.filter(({ type }) => type === "user-defined").map(({ text }) => text).sort((a, b) => b.length - a.length);
  }

  normalize(given: string): string {
    const { addsDummyBlank, removesExtraBlanks, escapesBlanks, blankEndsWord } = this.#spec;
    const text = given.replace(/\p{Surrogate}/gu, "\ufffd");
    const blank = escapesBlanks ? BLANK : " ";
    let written = "";
    let started = false;
    let afterBlank = removesExtraBlanks;
    for (let at = 0; at < text.length;) {
      const [prefix, length] = this.#prefixAt(text, at);
      at += length;
      if (!started && removesExtraBlanks && prefix === " ") continue;
      if (!started && addsDummyBlank && !blankEndsWord) written = blank;
      started = true;
      const kept = afterBlank ? prefix.replace(/^ +/, "") : prefix;
      if (kept !== "") afterBlank = removesExtraBlanks && kept.endsWith(" ");
      written += escapesBlanks ? kept.replaceAll(" ", BLANK) : kept;
    }
    if (!started) return "";
    if (removesExtraBlanks) while (written.endsWith(blank)) written = written.slice(0, -blank.length);
    return addsDummyBlank && blankEndsWord ? written + blank : written;
  }

  /** What stands for the next characters, and how many code units they are. */
  #prefixAt(text: string, at: number): [string, number] {
    const kept = this.#kept.find((piece) => text.startsWith(piece, at));
    if (kept !== undefined) return [kept, kept.length];
    const rewriting = this.#map?.longestAt(text, at);
    if (rewriting !== undefined) return [rewriting.text, rewriting.length];
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    return [character, character.length];
  }
}
