import { philox } from "../../metrics/counter-random.ts";
import { checkDraws } from "./pass-at-k.ts";

/** One answer as a voter sees it. */
export interface Vote {
  /** Equal for answers that say the same; `undefined` where none could be read, which has no vote. */
  readonly meaning: string | undefined;
  readonly correct: boolean;
  /** What was written; paths to one answer may differ. */
  readonly path: string;
  /** 1 for a majority vote. */
  readonly weight: number;
}

/** What k draws of a problem come to, on average over the subsets of k of those that were drawn. */
export interface VotesAtK {
  /** The probability that the vote is right; of answers with equal votes each is as likely to win. */
  readonly correct: number;
  /** Entropy of the answers' shares, nats; those that could not be read are one answer. */
  readonly answerEntropy: number;
  /** The same of the texts. */
  readonly pathEntropy: number;
  readonly distinctAnswers: number;
}

export interface VotesOptions {
  /** Subsets that are drawn where there are more; 200 by default. */
  readonly subsets?: number;
  readonly seed?: number;
}

/** Exact where there are no more subsets than are drawn otherwise. @throws RangeError where k is not from 1 to the number of votes */
export function votesAtK(votes: readonly Vote[], k: number, { subsets = 200, seed = 1 }: VotesOptions = {}): VotesAtK {
  checkDraws(votes.length, k);
  const all = subsetsOf(votes.length, k, subsets, seed).map((places) => countVotes(places.flatMap((place) => votes[place] ?? [])));
  const mean = (of: (result: VotesAtK) => number): number => all.reduce((sum, each) => sum + of(each), 0) / all.length;
  return {
    correct: mean(({ correct }) => correct), answerEntropy: mean(({ answerEntropy }) => answerEntropy),
    pathEntropy: mean(({ pathEntropy }) => pathEntropy), distinctAnswers: mean(({ distinctAnswers }) => distinctAnswers),
  };
}

/** The probability that two different draws give the same answer: without bias, from all pairs. `undefined` with one draw. */
export function agreement(meanings: readonly (string | undefined)[]): number | undefined {
  const n = meanings.length;
  if (n < 2) return undefined;
  return [...countsOf(meanings).values()].reduce((sum, count) => sum + count * (count - 1), 0) / (n * (n - 1));
}

/** −Σ p ln p of the shares, nats. */
export function entropyOf(counts: Iterable<number>): number {
  const all = [...counts];
  const total = all.reduce((sum, count) => sum + count, 0);
  return all.reduce((sum, count) => (count > 0 ? sum - (count / total) * Math.log(count / total) : sum), 0);
}

export function countsOf<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function countVotes(votes: readonly Vote[]): VotesAtK {
  const ballots = new Map<string, { weight: number; correct: boolean }>();
  for (const { meaning, correct, weight } of votes) {
    if (meaning !== undefined) ballots.set(meaning, { weight: (ballots.get(meaning)?.weight ?? 0) + weight, correct });
  }
  const most = Math.max(...[...ballots.values()].map(({ weight }) => weight));
  const winners = [...ballots.values()].filter(({ weight }) => weight === most);
  const answers = countsOf(votes.map(({ meaning }) => meaning));
  return {
    correct: winners.length === 0 ? 0 : winners.filter(({ correct }) => correct).length / winners.length,
    answerEntropy: entropyOf(answers.values()), pathEntropy: entropyOf(countsOf(votes.map(({ path }) => path)).values()),
    distinctAnswers: answers.size,
  };
}

/** All subsets of k of n places, or so many drawn ones. */
function subsetsOf(n: number, k: number, most: number, seed: number): number[][] {
  // As many as there are subsets of the others; so counted, the number only grows.
  let count = 1;
  for (let place = 0; place < Math.min(k, n - k) && count <= most; place++) count = (count * (n - place)) / (place + 1);
  if (count <= most) return combinations(n, k, 0);
  return Array.from({ length: most }, (_, subset) => drawPlaces(n, k, seed, subset));
}

function combinations(n: number, k: number, from: number): number[][] {
  if (k === 0) return [[]];
  return Array.from({ length: n - from - k + 1 }, (_, skip) => from + skip).flatMap((first) => (
    combinations(n, k - 1, first + 1).map((rest) => [first, ...rest])));
}

/** The first k places of a shuffle. */
function drawPlaces(n: number, k: number, seed: number, stream: number): number[] {
  const places = Array.from({ length: n }, (_, place) => place);
  for (let at = 0; at < k; at++) {
    const other = at + Math.floor((philox(seed, at, stream)[0] / 2 ** 32) * (n - at));
    [places[at], places[other]] = [places[other] ?? 0, places[at] ?? 0];
  }
  return places.slice(0, k);
}
