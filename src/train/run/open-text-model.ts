import { access } from "node:fs/promises";
import { join } from "node:path";
import type { TextModel } from "../../decode/language/generator.ts";
import { openModelFolder } from "../../exchange/open-model-folder.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import { refuseCheckpoint, type CheckpointChoice } from "./open-run.ts";
import { openTextRun } from "./open-text-run.ts";

export interface OpenedTextModel extends TextModel {
  readonly tokenizer: Tokenizer;
}

/**
 * Opens a language model for generation: a run of Decade, or a folder in the form of Hugging Face or llama2.c. Runs are
 * known by their checkpoints.
 *
 * @throws as `openTextRun` and `openModelFolder` do, and a CheckpointError where one is chosen of a folder that has none
 */
export async function openTextModel(path: string, { checkpoint = "best" }: { checkpoint?: CheckpointChoice } = {}): Promise<OpenedTextModel> {
  const isRun = await access(join(path, "checkpoints")).then(() => true, () => false);
  if (!isRun) {
    refuseCheckpoint(path, checkpoint);
    const opened = await openModelFolder(path);
    return { beginning: [opened.tokenizer.startId], ends: [opened.tokenizer.endId], ...opened };
  }
  const { model, parameters, tokenizer } = await openTextRun(path, { checkpoint });
  return { model, parameters, tokenizer, ends: [tokenizer.endId] };
}
