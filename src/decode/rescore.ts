/** One hypothesis of an n-best list. */
export interface NBestEntry {
  /** Which source sentence it translates, counted from 0. */
  readonly sentence: number;
  readonly hypothesis: string;
  /** Log-domain: higher is better. */
  readonly score: number;
  /** Moses' feature column, kept as it is. */
  readonly features: string;
  /** Moses' further columns (alignments), kept as they are. */
  readonly extra: readonly string[];
}

/**
 * - `moses`: `id ||| hypothesis ||| features ||| score`, and whatever follows after further bars.
 * - `tsv`: source index, hypothesis and score, separated by tabs.
 */
export type NBestFormat = "moses" | "tsv";

/** A line of an n-best list that cannot be read. */
export class NBestError extends Error {
  override readonly name = "NBestError";
}

/**
 * Reads an n-best list.
 *
 * @param origin what errors call the list: its file
 * @throws NBestError that names the line, what was found and what was expected
 */
export function parseNBest(lines: readonly string[], format: NBestFormat, origin = "The n-best list"): NBestEntry[] {
  return lines.map((line, index) => {
    const place = `${origin}, line ${index + 1}`;
    const cells = format === "moses" ? line.split("|||").map((cell) => cell.trim()) : line.split("\t");
    const wanted = format === "moses" ? "id ||| hypothesis ||| features ||| score" : "source index, hypothesis and score, separated by tabs";
    if (format === "moses" ? cells.length < 4 : cells.length !== 3) {
      throw new NBestError(`${place}: ${cells.length} columns were found; expected ${wanted}.`);
    }
    const [id = "", hypothesis = "", third = "", fourth = "", ...extra] = cells;
    const score = format === "moses" ? fourth : third;
    if (!/^\d+$/.test(id.trim())) {
      throw new NBestError(`${place}: the first column is ${JSON.stringify(id)}; expected the number of a source sentence, counted from 0.`);
    }
    if (score.trim() === "" || !Number.isFinite(Number(score))) {
      throw new NBestError(`${place}: the score is ${JSON.stringify(score)}; expected a number.`);
    }
    return { sentence: Number(id), hypothesis, score: Number(score), features: format === "moses" ? third : "", extra };
  });
}

/** The lines of an n-best list. */
export function formatNBest(entries: readonly NBestEntry[], format: NBestFormat): string[] {
  return entries.map(({ sentence, hypothesis, score, features, extra }) => (
    format === "moses" ? [sentence, hypothesis, features, score, ...extra].join(" ||| ") : [sentence, hypothesis, score].join("\t")));
}

export interface RescoreWeights {
  /** Of the list's own score; 0.5 by default. */
  readonly list?: number;
  /** Of the model's natural log-probability; 0.5 by default. */
  readonly model?: number;
}

export interface RescoredEntry extends NBestEntry {
  /** `list · (the list's score) + model · (log-probability)`. */
  readonly score: number;
  /** The model's. */
  readonly logProbability: number;
  readonly listScore: number;
}

/**
 * Gives each hypothesis the weighted sum of its score and the model's log-probability, by default their even average
 * (Sutskever et al. 2014, section 3.2), and orders each sentence's hypotheses by it, best first; equals keep their
 * order. Sentences keep theirs.
 *
 * @param logProbabilities of the entries under the model, nats, in their order
 * @throws RangeError where the counts differ
 */
export function rescore(
  entries: readonly NBestEntry[], logProbabilities: ArrayLike<number>, { list = 0.5, model = 0.5 }: RescoreWeights = {},
): RescoredEntry[] {
  if (entries.length !== logProbabilities.length) {
    throw new RangeError(`The list has ${entries.length} hypotheses, but ${logProbabilities.length} log-probabilities were given.`);
  }
  const bySentence = new Map<number, RescoredEntry[]>();
  entries.forEach((entry, at) => {
    const logProbability = logProbabilities[at] ?? NaN;
    const rescored = { ...entry, listScore: entry.score, logProbability, score: list * entry.score + model * logProbability };
    const others = bySentence.get(entry.sentence);
    if (others === undefined) bySentence.set(entry.sentence, [rescored]);
    else others.push(rescored);
  });
  return [...bySentence.values()].flatMap((hypotheses) => hypotheses.sort((a, b) => b.score - a.score));
}
