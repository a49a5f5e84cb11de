import type { PairBatch } from "../data/collate.ts";
import type { SequenceDecoder, StepInput } from "./decoder.ts";
import { keepSentences } from "./step-state.ts";

/** How likely a target is, given its source. */
export interface PairScore {
  /** Natural log-probability of the whole target, its end token included. */
  readonly logProbability: number;
  /** Natural log-probability of each target token and of the end token, given those before it. */
  readonly tokenLogProbabilities: Float32Array;
}

/** What is scored: sources as `collate` makes them, and for each source token ids of one or more targets, without start and end. */
export interface ScoredBatch extends Pick<PairBatch, "source" | "sourceLengths"> {
  readonly targets: readonly (readonly ArrayLike<number>[])[];
}

/** The targets of a sentence that have begun alike, up to here. */
interface Prefix {
  /** The last token that they share. */
  readonly token: number;
  /** The row of the step before (at first: the sentence) that this continues. */
  readonly parent: number;
  readonly targets: readonly ForcedTarget[];
}

interface ForcedTarget {
  readonly tokens: ArrayLike<number>;
  readonly scores: Float32Array;
}

/**
 * Forced scoring: the log-probability of each target of each source. A source is read once for all of its targets, and a
 * beginning that several of them share is gone through once. For an ensemble it is that of the members' mean
 * distribution at each token, as in decoding.
 */
export async function scoreBatch(decoder: SequenceDecoder, { source, sourceLengths, targets }: ScoredBatch): Promise<PairScore[][]> {
  const { special } = decoder;
  const forced = targets.map((list) => list.map((tokens): ForcedTarget => ({ tokens, scores: new Float32Array(tokens.length + 1) })));
  let state = await decoder.encode(source, sourceLengths);
  let sentences = forced.map((list, row): Prefix[] => (list.length === 0 ? [] : [{ token: special.start, parent: row, targets: list }]));
  for (let position = 0; ; position++) {
    const running = [...sentences.keys()].filter((place) => (sentences[place] ?? []).length > 0);
    if (running.length === 0) break;
    if (running.length < sentences.length) {
      state = keepSentences(state, running);
      sentences = running.map((place) => sentences[place] ?? []);
    }
    const width = Math.max(...sentences.map((prefixes) => prefixes.length));
    const asked = sentences.flatMap((prefixes, place) => prefixes.flatMap((prefix, at) => (
      prefix.targets.map((target) => ({ target, row: place * width + at, label: target.tokens[position] ?? special.end })))));
    const step = await decoder.likelihoods(state, rowsOf(sentences, width), {
      rows: Int32Array.from(asked, ({ row }) => row), tokens: Int32Array.from(asked, ({ label }) => label),
    });
    asked.forEach(({ target }, at) => (target.scores[position] = step.logProbabilities.data[at] ?? NaN));
    state = step.state;
    sentences = sentences.map((prefixes, place) => prefixes.flatMap((prefix, at) => continued(prefix, position, place * width + at)));
  }
  return forced.map((list) => list.map(({ scores }) => ({
    tokenLogProbabilities: scores, logProbability: scores.reduce((sum, value) => sum + value, 0),
  })));
}

/** A prefix with each of the tokens that follow it at a position, in the order in which they come up. */
function continued({ targets }: Prefix, position: number, row: number): Prefix[] {
  const byToken = new Map<number, ForcedTarget[]>();
  for (const target of targets) {
    const token = target.tokens[position];
    if (token === undefined) continue;
    const alike = byToken.get(token);
    if (alike === undefined) byToken.set(token, [target]);
    else alike.push(target);
  }
  return [...byToken].map(([token, alike]) => ({ token, parent: row, targets: alike }));
}

/** A sentence with fewer prefixes than `width` repeats its first in rows that nobody asks about. */
function rowsOf(sentences: readonly (readonly Prefix[])[], width: number): StepInput {
  const rows = sentences.flatMap((prefixes) => Array.from({ length: width }, (_, at) => prefixes[at] ?? prefixes[0]));
  return { tokens: Int32Array.from(rows, (prefix) => prefix?.token ?? 0), parents: Int32Array.from(rows, (prefix) => prefix?.parent ?? 0) };
}
