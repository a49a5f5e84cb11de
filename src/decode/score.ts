import type { PairBatch } from "../data/collate.ts";
import type { SequenceDecoder } from "./decoder.ts";
import { keepSentences } from "./step-state.ts";

/** How likely a target is, given its source. */
export interface PairScore {
  /** Natural log-probability of the whole target, its end token included. */
  readonly logProbability: number;
  /** Natural log-probability of each target token and of the end token, given those before it. */
  readonly tokenLogProbabilities: Float32Array;
}

/** What is scored: as `collate` makes it. */
export type ScoredBatch = Pick<PairBatch, "source" | "sourceLengths" | "targetInput" | "targetOutput" | "targetLengths">;

/**
 * Forced scoring: the log-probability of each target of a batch given its source. For an ensemble it is that of the
 * members' mean distribution at each token, as in decoding.
 */
export async function scoreBatch(decoder: SequenceDecoder, batch: ScoredBatch): Promise<PairScore[]> {
  const { targetInput, targetOutput, targetLengths } = batch;
  const time = targetInput.shape[1] ?? 0;
  const scores = Array.from(targetLengths.data, (length) => new Float32Array(length));
  let state = await decoder.encode(batch.source, batch.sourceLengths);
  let rows = [...scores.keys()];
  let parents = rows;
  for (let position = 0; position < time; position++) {
    const running = [...rows.keys()].filter((place) => position < (targetLengths.data[rows[place] ?? 0] ?? 0));
    if (running.length < rows.length) {
      state = keepSentences(state, running);
      parents = running;
      rows = running.map((place) => rows[place] ?? 0);
    }
    const column = ({ data }: { readonly data: Int32Array }): Int32Array => Int32Array.from(rows, (row) => data[row * time + position] ?? 0);
    const input = { tokens: column(targetInput), parents: Int32Array.from(parents) };
    const step = await decoder.likelihoods(state, input, column(targetOutput));
    rows.forEach((row, place) => {
      const score = scores[row];
      if (score !== undefined) score[position] = step.logProbabilities.data[place] ?? NaN;
    });
    state = step.state;
    parents = [...rows.keys()];
  }
  return scores.map((tokenLogProbabilities) => ({
    tokenLogProbabilities, logProbability: tokenLogProbabilities.reduce((sum, value) => sum + value, 0),
  }));
}
