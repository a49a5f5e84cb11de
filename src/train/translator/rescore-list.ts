import { DataError } from "../../data/data-error.ts";
import { rescore, type NBestEntry, type RescoredEntry, type RescoreWeights } from "../../decode/rescore.ts";
import type { ScoreOptions, Translator } from "./translator.ts";

export interface RescoreOptions extends RescoreWeights {
  /** Called after each batch with the number of hypotheses that are scored and of all. */
  readonly onProgress?: ScoreOptions["onProgress"];
}

/** Hypotheses that are scored at once: those of a sentence begin much alike, so that they are far fewer rows of a batch. */
const BATCH = 256;

/**
 * Orders another system's n-best list anew, by the weighted sum of its scores and the translator's log-probabilities
 * (Sutskever et al. 2014, section 3.2).
 *
 * @param sources the sentences that the list's numbers mean
 * @throws DataError where the list names a sentence that is not there
 */
export async function rescoreList(
  translator: Translator, sources: readonly string[], entries: readonly NBestEntry[], { onProgress, ...weights }: RescoreOptions = {},
): Promise<RescoredEntry[]> {
  const pairs = entries.map(({ sentence, hypothesis }, index) => {
    const source = sources[sentence];
    if (source === undefined) {
      throw new DataError(`Entry ${index + 1} of the n-best list is for sentence ${sentence}, but there are ${sources.length} sources, `
        + `numbered from 0 to ${sources.length - 1}.`);
    }
    return { source, target: hypothesis };
  });
  const scores = await translator.score(pairs, { batch: BATCH, ...(onProgress && { onProgress }) });
  return rescore(entries, scores.map(({ logProbability }) => logProbability), weights);
}
