import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openTranslator } from "../../exchange/translation-model.ts";
import { readsReversed } from "../config/model.ts";
import { openRun, refuseCheckpoint, type CheckpointChoice } from "../run/open-run.ts";
import type { TranslatorRun } from "./translator.ts";

/** Whether a folder holds a model in the form of Hugging Face, whose config.json names its architecture, and is no run. */
export async function isModelFolder(path: string): Promise<boolean> {
  if (await access(join(path, "checkpoints")).then(() => true, () => false)) return false;
  const text = await readFile(join(path, "config.json"), "utf8").catch(() => "");
  return text.includes('"architectures"');
}

/**
 * Opens a translator: a run of Decade, or a folder in the form of Hugging Face, such as Marian's.
 *
 * @returns the threads of one operation too, where the run's configuration says
 * @throws as `openRun` and `openTranslator` do, and a CheckpointError where one is chosen of a folder that has none
 */
export async function openTranslation(path: string, checkpoint: CheckpointChoice): Promise<TranslatorRun & { readonly threads?: number | undefined }> {
  if (!(await isModelFolder(path))) {
    const run = await openRun(path, { checkpoint });
    return { ...run, reverseSource: readsReversed(run.config.model), threads: run.config.engine.threads };
  }
  refuseCheckpoint(path, checkpoint);
  return { ...await openTranslator(path), reverseSource: false };
}
