/**
 * Cutting text into words so that it can be put together again: a word that was not set apart by a space carries a
 * joiner on that side. "L'homme dort." is `L'￭ homme dort ￭.`
 */

/** Marks the side of a word that touches its neighbour, as in OpenNMT's tokenizer. */
export const JOINER = "￭";

/** Scripts written without spaces between words; each of their characters is a word of its own. */
const UNSPACED = "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}\\p{Script=Tibetan}";

/** What English contracts after an apostrophe, which goes with it; elsewhere the apostrophe ends an article or pronoun. */
const CONTRACTION = "['’](?:s|t|re|ve|ll|d|m)(?![\\p{L}\\p{M}\\p{N}])";
const LETTER = `(?:(?![${UNSPACED}])[\\p{L}\\p{M}\\p{N}_])`;

/** The words of a chunk between spaces: numbers with their marks, contractions, words, single characters. */
const WORDS = new RegExp(
  [
    "\\p{N}+(?:[.,:]\\p{N}+)+",
    CONTRACTION,
    `${LETTER}+(?:-${LETTER}+)*(?:['’](?=${LETTER})(?!(?:s|t|re|ve|ll|d|m)(?!${LETTER})))?`,
    `[${UNSPACED}]\\p{M}*`,
    ".",
  ].join("|"),
  "gisu",
);

export interface SplitOptions {
  /** Whether text is lower-cased first. */
  readonly lowercase: boolean;
}

/** The words of a text; none of a blank one. A joiner in the text itself becomes a black square. */
export function splitIntoWords(text: string, { lowercase }: SplitOptions): string[] {
  const clean = text.normalize("NFC").replaceAll(JOINER, "■");
  return (lowercase ? clean.toLowerCase() : clean).split(/\s+/u).filter((chunk) => chunk !== "").flatMap(splitChunk);
}

function splitChunk(chunk: string): string[] {
  const words = chunk.match(WORDS) ?? [];
  return words.map((word, at) => mark(word, words[at - 1], words[at + 1], at === 1));
}

/** Two words that touch share one joiner: on the opening mark or elided article where the first is one, else on the second. */
function mark(word: string, before: string | undefined, after: string | undefined, secondInChunk: boolean): string {
  const left = before !== undefined && !leansRight(before, secondInChunk) ? JOINER : "";
  const right = after !== undefined && leansRight(word, before === undefined) ? JOINER : "";
  return `${left}${word}${right}`;
}

/** Whether a word belongs to what follows: an opening bracket or quote, an elided article. */
function leansRight(word: string, beginsChunk: boolean): boolean {
  if (beginsChunk && (word === '"' || word === "'")) return true;
  return /^[\p{Ps}\p{Pi}¿¡]$/u.test(word) || /[\p{L}\p{N}]['’]$/u.test(word);
}

/** The text whose words these are. A joiner at either end, or between words that both carry one, counts once. */
export function joinWords(words: readonly string[]): string {
  let text = "";
  let glued = true;
  for (const word of words) {
    const start = word.startsWith(JOINER) && word.length > 1 ? 1 : 0;
    const end = word.endsWith(JOINER) && word.length > 1 ? word.length - 1 : word.length;
    text += `${glued || start === 1 ? "" : " "}${word.slice(start, Math.max(start, end))}`;
    glued = end < word.length;
  }
  return text;
}
