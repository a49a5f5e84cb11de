/** The phrase-based translator: word alignment, phrase table, n-gram language model, stack decoder, tuning. */
export { alignCorpus, type AlignmentIteration, type AlignSettings } from "./alignment/align-corpus.ts";
export { symmetrisations, symmetrise, AlignmentLinks, type Symmetrisation } from "./alignment/symmetrise.ts";
export { formatArpa, parseArpa } from "./language/arpa-file.ts";
export { trainNgramModel } from "./language/kneser-ney.ts";
export { NgramModel, type NgramEntry } from "./language/ngram-model.ts";
export { PhraseError } from "./phrase-error.ts";
export { inspectPhraseRun, type PhraseRunSummary } from "./run/inspect-phrase-run.ts";
export { openPhraseRun, type OpenedPhraseRun } from "./run/phrase-run.ts";
export {
  PhraseTranslator, type Explanation, type HeldPhrase, type PhraseTranslateOptions, type UsedPhrase,
} from "./run/phrase-translator.ts";
export { trainPhraseBased, type PhraseTrainEvent, type PhraseTrainOptions, type TrainedPhraseRun } from "./run/train-phrase-based.ts";
export { PhraseDecoder, type SearchSettings as PhraseSearchSettings } from "./search/decoder.ts";
export { FEATURES as PHRASE_FEATURES, type FeatureName, type Weights as PhraseWeights } from "./search/features.ts";
export { nBest, type Derivation } from "./search/n-best.ts";
export { buildPhraseTable } from "./table/build-table.ts";
export { extractPhrases, type PhraseSpan } from "./table/extract.ts";
export { PhraseTable, type PhrasePair } from "./table/phrase-table.ts";
export { mert, type MertOptions, type MertResult } from "./tuning/mert.ts";
export { sentencePairs, type SentencePairs } from "./words/sentence-pairs.ts";
export { joinWords, splitIntoWords } from "./words/split-words.ts";
