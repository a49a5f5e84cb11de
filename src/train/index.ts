export { averageCheckpoints } from "./checkpoint/average.ts";
export { averageRun, type AveragedCheckpoint } from "./run/average-run.ts";
export { bestCheckpoint, latestCheckpoint, listCheckpoints, type CheckpointPlace } from "./checkpoint/list.ts";
export {
  CheckpointError, loadCheckpoint, loadModel, saveCheckpoint, type Checkpoint, type CheckpointContents, type TensorMap,
} from "./checkpoint/checkpoint.ts";
export { describeConfig, type FieldDescription } from "./config/describe.ts";
export { loadConfig } from "./config/load.ts";
export {
  ConfigError, defineRun, resolveRun,
  type DataConfig, type ModelConfig, type RunConfig, type RunInput, type TokenizerConfig, type TrainingConfig,
} from "./config/config.ts";
export { choiceQuality, type ChoiceAccuracies, type ChoiceQuality } from "./evaluate/evaluate-choices.ts";
export {
  writeBreakdownFigures, writeStateFigure, type BreakdownFigures, type MappedSentence,
} from "./evaluate/evaluate-figures.ts";
export {
  compareTexts, evaluateSymbols, evaluateText, writesSymbols,
  type Evaluated, type EvaluateOptions, type SymbolQuality, type TextEvaluateOptions, type TextQuality,
} from "./evaluate/evaluate-run.ts";
export { exportRun, type ExportedRun, type ExportRunOptions } from "./run/export-run.ts";
export { evaluateHeldOut, evaluateLanguageModel, evaluateTokens, type LanguageEvaluateOptions, type LanguageQuality } from "./evaluate/evaluate-text.ts";
export { inspectConfig, inspectModelFolder, inspectRun, inspectTextConfig, type LayerSummary, type ModelSummary } from "./run/inspect.ts";
export { listRuns, type RunSummary } from "./run/list-runs.ts";
export { MetricsLog, MetricsLogError, type MetricsRecord } from "./run/metrics-log.ts";
export { buildModel, openRun, type CheckpointChoice, type OpenedRun } from "./run/open-run.ts";
export { rescoreList } from "./translator/rescore-list.ts";
export { readSplits, type PairSplits } from "./run/run-data.ts";
export { RunDirectory, RunDirectoryError } from "./run/run-directory.ts";
export type { TextTranslation, TextTranslator } from "./translator/text-translator.ts";
export type { TrainEvent } from "./train-event.ts";
export { zaremba2014 } from "./config/presets.ts";
export { pretrain } from "./pretrain.ts";
export { isModelFolder, openTranslation } from "./translator/open-translation.ts";
export { openTextModel } from "./run/open-text-model.ts";
export { openTextRun, buildLanguageModel, type OpenedTextRun } from "./run/open-text-run.ts";
export { defineGrpo, resolveGrpo, type GrpoConfig, type GrpoInput, type GrpoRunConfig } from "./config/grpo.ts";
export { definePhraseBased, resolvePhraseRun, type PhraseRunConfig, type PhraseRunInput } from "./config/phrase.ts";
export { definePretraining, resolveTextRun, type TextRunConfig, type TextRunInput } from "./config/text.ts";
export { scoreChoices, scoreChoicesAsTargets, type ChoiceScores, type ScoreChoicesOptions } from "./evaluate/score-choices.ts";
export { train, type TrainedRun, type TrainOptions } from "./train.ts";
export { TrainingError, type StopReason } from "./trainer.ts";
export {
  Translator, type NBestOptions, type TranslateOptions, type Translation, type TranslatorOptions, type TranslatorRun,
} from "./translator/translator.ts";
