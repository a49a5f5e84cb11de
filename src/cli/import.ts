import type { Command } from "commander";
import { openModelFolder } from "../exchange/open-model-folder.ts";
import { isTranslationFolder, openTranslator, writeTranslationModel } from "../exchange/translation-model.ts";
import { writeLanguageModel } from "../exchange/write-language-model.ts";
import type { Module } from "../nn/module.ts";
import { count } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption } from "./options.ts";
import { refuseOwnFolder } from "./output-files.ts";

interface ImportFlags {
  readonly output: string;
  readonly json?: boolean;
}

export function addImport(program: Command, io: Io): void {
  program.command("import")
    .description("convert a language model of llama2.c, or a language model or translator of Hugging Face in any precision, into a Hugging Face folder in float32")
    .argument("<folder>", "folder with model.bin and tok.bin of llama2.c, or with config.json, safetensors and tokenizer.json or Marian's source.spm and target.spm")
    .requiredOption("--output <folder>", "where to write")
    .addOption(jsonOption())
    .action((folder: string, flags: ImportFlags) => runImport(folder, flags, io));
}

async function runImport(folder: string, { output, json }: ImportFlags, io: Io): Promise<void> {
  await refuseOwnFolder(folder, output);
  if (await isTranslationFolder(folder)) return importTranslator(folder, output, json, io);
  const contents = await openModelFolder(folder);
  const files = await writeLanguageModel(output, contents);
  const { layers, dimension, vocabulary } = contents.model.options;
  const parameters = parametersOf(contents.model);
  printResult(io, json, { output, files, parameters, layers, dimension, vocabulary }, () => (
    `Wrote ${output}: ${count(parameters)} parameters, ${layers} layers of ${dimension}, ${count(vocabulary)} tokens.`));
}

async function importTranslator(folder: string, output: string, json: boolean | undefined, io: Io): Promise<void> {
  const contents = await openTranslator(folder);
  const files = await writeTranslationModel(output, contents);
  const { encoderLayers, decoderLayers, dimension, sourceVocabulary, targetVocabulary } = contents.model.options;
  const parameters = parametersOf(contents.model);
  printResult(io, json, { output, files, parameters, encoderLayers, decoderLayers, dimension, sourceVocabulary, targetVocabulary }, () => (
    `Wrote ${output}: ${count(parameters)} parameters, ${encoderLayers} and ${decoderLayers} layers of ${dimension}, ${count(targetVocabulary)} tokens.`));
}

function parametersOf(model: Module): number {
  return model.parameters().reduce((sum, { size }) => sum + size, 0);
}
