import { isTextRunConfig, type TextRunConfig } from "./config/text.ts";
import type { RunConfig } from "./config/config.ts";
import { textTraining } from "./pretrain.ts";
import { learnTokenizers, readSplits } from "./run/run-data.ts";
import { openTextData } from "./text-data.ts";
import { pairTraining } from "./train.ts";
import type { Training } from "./train-task.ts";

/** What a configuration would train, without a run directory: tokenizers are learned anew, and kept nowhere. */
export async function openTraining(config: RunConfig | TextRunConfig): Promise<Training> {
  if (isTextRunConfig(config)) return textTraining(config, await openTextData(config));
  const splits = await readSplits(config.data, config.seed);
  return pairTraining(config, splits, await learnTokenizers(config, splits.train));
}
