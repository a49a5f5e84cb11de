/**
 * The tokenisers that BLEU scores are quoted with, token for token those of sacreBLEU (Post 2018, "A Call for Clarity
 * in Reporting BLEU Scores").
 */
import { splitWords, trimEnd } from "./unicode-text.ts";

/**
 * A tokeniser by its name in sacreBLEU's signatures.
 *
 * - `13a`: Western languages, as NIST's mteval-v13a.pl; what WMT scores use.
 * - `intl`: every Unicode punctuation mark and symbol apart, as mteval-v14.pl with `--international-tokenization`.
 * - `char`: every character is a token.
 * - `none`: split at white space only, for text that is tokenised already.
 */
export type BleuTokenizer = "13a" | "intl" | "char" | "none";

const tokenizers = {
  "13a": tokenize13a,
  intl: tokenizeInternational,
  char: (text) => splitWords([...text].join(" ")),
  none: splitWords,
} as const satisfies Record<BleuTokenizer, (text: string) => string[]>;

/** The names of all tokenisers. */
export const bleuTokenizers = Object.keys(tokenizers) as readonly BleuTokenizer[];

/** The tokens of one segment; white space at its end is ignored. */
export function tokenizeForBleu(text: string, tokenizer: BleuTokenizer): string[] {
  return tokenizers[tokenizer](trimEnd(text));
}

const entities: readonly (readonly [string, string])[] = [
  ["&quot;", '"'],
  ["&amp;", "&"],
  ["&lt;", "<"],
  ["&gt;", ">"],
];

function tokenize13a(text: string): string[] {
  let line = text.replaceAll("<skipped>", "").replaceAll("-\n", "").replaceAll("\n", " ");
  for (const [entity, character] of entities) line = line.replaceAll(entity, character);
  line = ` ${line} `
    // ASCII punctuation, save the apostrophe, comma, hyphen and full stop
    .replace(/[!-&(-+/:-@[-`{-~]/gu, " $& ")
    // a full stop or comma, unless a digit stands before it
    .replace(/([^0-9])([.,])/gu, "$1 $2 ")
    // a full stop or comma, unless a digit stands after it
    .replace(/([.,])([^0-9])/gu, " $1 $2")
    // a hyphen after a digit
    .replace(/([0-9])(-)/gu, "$1 $2 ");
  return splitWords(line);
}

function tokenizeInternational(text: string): string[] {
  const line = text
    .replace(/(\P{N})(\p{P})/gu, "$1 $2 ")
    .replace(/(\p{P})(\P{N})/gu, " $1 $2")
    .replace(/\p{S}/gu, " $& ");
  return splitWords(line);
}
