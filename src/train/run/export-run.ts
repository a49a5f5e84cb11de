import { ExchangeError } from "../../exchange/exchange-error.ts";
import { writeTranslationModel } from "../../exchange/translation-model.ts";
import { writeLanguageModel, type LanguageModelContents } from "../../exchange/write-language-model.ts";
import { writeOnnx, type WriteOnnxOptions, type WrittenOnnx } from "../../exchange/write-onnx.ts";
import { Gpt } from "../../models/gpt.ts";
import { Seq2SeqTransformer } from "../../models/seq2seq-transformer.ts";
import { openRun, type CheckpointChoice } from "./open-run.ts";
import { openTextRun } from "./open-text-run.ts";
import { RunDirectory } from "./run-directory.ts";

export interface ExportRunOptions extends WriteOnnxOptions {
  readonly format: "huggingface" | "onnx";
  /** Folder that is written. */
  readonly output: string;
  /** "best" by default. */
  readonly checkpoint?: CheckpointChoice;
}

/** Names of the files that were written, and what is known of an ONNX file. */
export type ExportedRun = { readonly files: readonly string[] } | WrittenOnnx;

/**
 * Writes a trained run for other programs: a folder in the form of Hugging Face, or an ONNX file.
 *
 *     await exportRun("runs/shakespeare", { format: "onnx", quantize: "int8", output: "shakespeare-onnx" });
 *
 * @throws ExchangeError where others have no such model; as `openRun` does
 */
export async function exportRun(path: string, options: ExportRunOptions): Promise<ExportedRun> {
  const directory = await RunDirectory.open(path);
  if (await directory.isTextRun()) {
    const contents = await openLanguageRun(path, options.checkpoint);
    return options.format === "onnx" ? writeOnnx(options.output, contents, options) : { files: await writeLanguageModel(options.output, contents) };
  }
  const { model, config, ...opened } = await openRun(path, choice(options.checkpoint));
  if (!(model instanceof Seq2SeqTransformer)) {
    throw new ExchangeError(`The run ${path} is a ${config.model.kind}, which other programs have no model for; a gpt or a seq2seq-transformer can be exported.`);
  }
  if (options.format === "onnx") {
    throw new ExchangeError(`The run ${path} is a ${config.model.kind}; to ONNX, language models of the kind gpt are exported. Use the format huggingface.`);
  }
  return { files: await writeTranslationModel(options.output, { model, ...opened }) };
}

/** A run's texts follow each other, so what stands before one is the end of another. */
async function openLanguageRun(path: string, checkpoint: CheckpointChoice | undefined): Promise<LanguageModelContents> {
  const { model, config, parameters, tokenizer } = await openTextRun(path, choice(checkpoint));
  if (!(model instanceof Gpt)) {
    throw new ExchangeError(`The run ${path} is a ${config.model.kind}, which other programs have no model for; a gpt or a seq2seq-transformer can be exported.`);
  }
  return { model, parameters, tokenizer, start: tokenizer.endId };
}

function choice(checkpoint: CheckpointChoice | undefined): { checkpoint?: CheckpointChoice } {
  return checkpoint === undefined ? {} : { checkpoint };
}
