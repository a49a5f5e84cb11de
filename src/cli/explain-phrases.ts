/** `decade translate --phrases`: by which phrases a sentence was translated, and which of its phrases the table holds. */
import type { Explanation } from "../phrase/run/phrase-translator.ts";
import { table } from "./format.ts";

/** A sentence's translation, the phrases it was made of in the order of the target, and the longest phrases held. */
export function describeExplanation({ source, translation, used, held }: Explanation): string {
  if (source.length === 0) return "";
  const rows = used.map((phrase) => [
    phrase.to - phrase.from === 1 ? String(phrase.from) : `${phrase.from}-${phrase.to - 1}`,
    phrase.source.join(" "), phrase.target.join(" "), phrase.held ? "" : "not in the table, copied",
  ]);
  return [
    translation.text,
    ...table(["  words", "source", "target", ""], rows.map(([places = "", ...rest]) => [`  ${places}`, ...rest])).split("\n"),
    `  held by the table: ${heldByLength(source.length, held)}`,
    "",
  ].join("\n");
}

/** `9 of 9 phrases of 1 word, 7 of 8 of 2, …` up to the longest length with any. */
function heldByLength(words: number, held: Explanation["held"]): string {
  const longest = held.reduce((most, { from, to }) => Math.max(most, to - from), 1);
  return Array.from({ length: Math.min(longest, words) }, (_, at) => {
    const count = held.filter(({ from, to }) => to - from === at + 1).length;
    return `${count} of ${words - at} ${at === 0 ? "single words" : `of ${at + 1}`}`;
  }).join(", ");
}
