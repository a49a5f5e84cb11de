import { namedWeights, type FeatureName } from "../search/features.ts";
import { openPhraseRun } from "./phrase-run.ts";

/** A phrase-based translator at a glance. */
export interface PhraseRunSummary {
  readonly phrasePairs: number;
  /** n-grams of the language model, from order 1 up. */
  readonly ngrams: readonly number[];
  /** Words in phrases. */
  readonly vocabulary: { readonly source: number; readonly target: number };
  readonly weights: Readonly<Record<FeatureName, number>>;
}

/** @throws as `openPhraseRun` does */
export async function inspectPhraseRun(path: string): Promise<PhraseRunSummary> {
  const { table, language, weights } = await openPhraseRun(path);
  return {
    phrasePairs: table.size, ngrams: language.counts,
    vocabulary: { source: table.sourceWords.size, target: table.targetWords.size },
    weights: namedWeights(weights),
  };
}
