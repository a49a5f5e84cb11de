/** Phrase tables as text, in the form of Moses. */
import { PhraseError } from "../phrase-error.ts";
import { WordIndex } from "../words/word-index.ts";
import { ORIENTATIONS } from "./orientation.ts";
import { PHRASE_SCORES, PhraseTable, type PhrasePair } from "./phrase-table.ts";

/**
 * A line for each pair: `source ||| target ||| φ(s|t) lex(s|t) φ(t|s) lex(t|s) ||| ||| count ||| ||| {{Orientation …}}`, the
 * last with the probabilities of monotone, swap and discontinuous to the phrase before and to the one after.
 */
export function* formatPhraseTable(table: PhraseTable): Generator<string> {
  for (const { source, target, scores, orientations, count } of table) {
    const numbers = (values: readonly number[]): string => values.map((value) => String(Number(value.toPrecision(6)))).join(" ");
    yield `${source.join(" ")} ||| ${target.join(" ")} ||| ${numbers(scores)} ||| ||| ${count} ||| ||| {{Orientation ${numbers(orientations)}}}`;
  }
}

/**
 * Reads a table from its lines.
 * @throws PhraseError that names the line, what was found and what was expected
 */
export function parsePhraseTable(lines: Iterable<string>, origin: string): PhraseTable {
  const table = new PhraseTable(new WordIndex(), new WordIndex());
  let number = 0;
  for (const line of lines) {
    number++;
    table.add(parsePair(line) ?? fail(line, origin, number));
  }
  if (table.size === 0) throw new PhraseError(`${origin} has no phrase pair; train it again, or copy it whole.`);
  return table;
}

function fail(line: string, origin: string, number: number): never {
  const found = line.length <= 60 ? line : `${line.slice(0, 60)}…`;
  throw new PhraseError(`${origin}, line ${number}: ${JSON.stringify(found)} was found; expected "source ||| target ||| " and ${PHRASE_SCORES} probabilities above 0, `
    + `then a count and {{Orientation}} with ${ORIENTATIONS} probabilities, as decade train writes them.`);
}

function parsePair(line: string): PhrasePair | undefined {
  const [source = "", target = "", scores = "", , count = "", , properties = ""] = line.split("|||").map((cell) => cell.trim());
  const orientations = /\{\{Orientation ([^}]*)\}\}/.exec(properties)?.[1] ?? "";
  const pair = {
    source: source.split(" ").filter((word) => word !== ""),
    target: target.split(" ").filter((word) => word !== ""),
    scores: scores.split(" ").map(Number),
    orientations: orientations.split(" ").map(Number),
    count: Number(count),
  };
  const isWhole = pair.source.length > 0 && pair.target.length > 0 && areProbabilities(pair.scores, PHRASE_SCORES)
    && areProbabilities(pair.orientations, ORIENTATIONS) && pair.count > 0;
  return isWhole ? pair : undefined;
}

function areProbabilities(values: readonly number[], count: number): boolean {
  return values.length === count && values.every((value) => value > 0 && value < 1.000001);
}
