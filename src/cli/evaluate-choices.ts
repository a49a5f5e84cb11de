import { access } from "node:fs/promises";
import { join } from "node:path";
import { readQuestions } from "../data/questions.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { isTranslationFolder } from "../exchange/translation-model.ts";
import { choiceQuality, type ChoiceQuality } from "../train/evaluate/evaluate-choices.ts";
import { openTextModel } from "../train/run/open-text-model.ts";
import { RunDirectory } from "../train/run/run-directory.ts";
import { scoreChoices, scoreChoicesAsTargets, type ScoreChoicesOptions } from "../train/evaluate/score-choices.ts";
import { UsageError } from "./errors.ts";
import { count } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { withTranslator, type ModelFlags } from "./options.ts";
import { ProgressLine } from "./progress.ts";
import { noteUnknown } from "./unknown-text.ts";

export interface ChoiceFlags extends ModelFlags {
  readonly mutualInformation?: boolean;
  readonly delimiter?: string;
  readonly batch: number;
  readonly json?: boolean;
}

/** Measures a model on multiple-choice questions, by the likelihood of the choices. */
export async function evaluateChoices(path: string, file: string, flags: ChoiceFlags, io: Io): Promise<void> {
  const { mutualInformation, delimiter, ensemble, checkpoint, threads, batch, json } = flags;
  const questions = await readQuestions(file);
  const line = new ProgressLine(io);
  const options: ScoreChoicesOptions = {
    batch, ...(mutualInformation && { alone: true }), ...(delimiter !== undefined && { delimiter }),
    onProgress: line.counter("scored"),
  };
  const score = async () => {
    if (await translates(path)) {
      if (delimiter !== undefined) throw new UsageError("--delimiter stands between prompt and choice, which an encoder-decoder reads apart; leave it out.");
      return withTranslator(path, flags, (translator) => scoreChoicesAsTargets(translator, questions, options));
    }
    if (ensemble !== undefined) throw new UsageError("--ensemble is for encoder-decoders; leave it out.");
    const model = await openTextModel(path, { checkpoint });
    noteUnknown(model.tokenizer, questions.flatMap(({ prompt, choices }) => [prompt, ...choices]), "the questions", io);
    return scoreChoices(model, questions, onnx(threads === undefined ? {} : { threads }), options);
  };
  const quality = choiceQuality(questions, await score().finally(() => line.close()));
  if (quality.shortened > 0) {
    io.err(`${count(quality.shortened)} of ${count(quality.questions)} prompts are longer than the model's context: they lost ${count(quality.leftOut)} tokens at their beginnings.\n`);
  }
  printResult(io, json, quality, () => describe(quality));
}

/** Whether it is an encoder-decoder: a run, known by its checkpoints, or a folder of Hugging Face. */
async function translates(path: string): Promise<boolean> {
  const isRun = await access(join(path, "checkpoints")).then(() => true, () => false);
  return isRun ? !(await (await RunDirectory.open(path)).isTextRun()) : isTranslationFolder(path);
}

function describe({ questions, chance, intervals, acc, acc_norm, acc_mutual_info }: ChoiceQuality): string {
  const percent = (share: number): string => (100 * share).toFixed(1);
  const row = (name: string, share: number, interval?: { lower: number; upper: number }): string => (
    `${name.padEnd(17)}${percent(share).padStart(5)} %  (95% confidence ${percent(interval?.lower ?? NaN)} to ${percent(interval?.upper ?? NaN)})`);
  return [
    row("acc", acc, intervals.acc), row("acc_norm", acc_norm, intervals.acc_norm),
    ...(acc_mutual_info === undefined ? [] : [row("acc_mutual_info", acc_mutual_info, intervals.acc_mutual_info)]),
    `${"chance".padEnd(17)}${percent(chance).padStart(5)} %`, `${"questions".padEnd(17)}${count(questions)}`,
  ].join("\n");
}
