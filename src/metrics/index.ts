/** Measures of translations, transcripts and models, with confidence intervals and significance tests. */
export {
  bleuByLength,
  bleuByWordRank,
  frequencyRanks,
  scoreByBucket,
  type BleuBreakdownOptions,
  type Bucket,
  type BucketOptions,
  type TranslatedTestSet,
} from "./breakdown.ts";
export { lengthFigure, wordRankFigure, type BucketSeries } from "./breakdown-figures.ts";
export {
  bleu,
  bleuFromTotals,
  bleuStatistics,
  sentenceBleu,
  type BleuOptions,
  type BleuResult,
  type BleuScore,
  type BleuSmoothing,
} from "./bleu.ts";
export { bleuTokenizers, tokenizeForBleu, type BleuTokenizer } from "./bleu-tokenizers.ts";
export { confidenceInterval, type BootstrapOptions, type ConfidenceInterval } from "./bootstrap.ts";
export { chrf, chrfFromTotals, chrfStatistics, type ChrfOptions, type ChrfResult } from "./chrf.ts";
export { editDistance, type TokenSequence } from "./edit-distance.ts";
export {
  errorRates,
  errorRatesFromTotals,
  errorStatistics,
  pronunciationErrorRates,
  type ErrorRateItem,
  type ErrorRates,
} from "./error-rates.ts";
export {
  bitsPerUnit,
  likelihoodMeasures,
  perplexity,
  type LikelihoodMeasures,
  type TextLikelihood,
} from "./perplexity.ts";
export type { References } from "./references.ts";
export {
  statisticsFromRows,
  totalStatistics,
  type MetricOfTotals,
  type SentenceStatistics,
} from "./sentence-statistics.ts";
export {
  approximateRandomization,
  pairedBootstrap,
  type Comparison,
  type PairedBootstrap,
  type RandomizationOptions,
} from "./significance.ts";
export { mapStates, stateMapFigure, type LabelledState, type MapPoint, type StateMap } from "./state-map.ts";
export { wilsonInterval } from "./wilson.ts";
