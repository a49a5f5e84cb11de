import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Option, type Command } from "commander";
import { openModelFolder } from "../exchange/open-model-folder.ts";
import { writeLanguageModel, type LanguageModelContents } from "../exchange/write-language-model.ts";
import { writeOnnx, type Quantization, type WrittenOnnx } from "../exchange/write-onnx.ts";
import { RunDirectory } from "../train/run-directory.ts";
import { CommandError, UsageError } from "./errors.ts";
import { count } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, positiveInteger } from "./options.ts";

interface ExportFlags {
  readonly format: "huggingface" | "onnx";
  readonly output: string;
  readonly quantize?: Quantization;
  readonly text?: string;
  readonly threads?: number;
  readonly json?: boolean;
}

export function addExport(program: Command, io: Io): void {
  program.command("export")
    .description("write a language model for other programs: transformers, transformers.js, ONNX Runtime")
    .argument("<run-or-folder>", "folder of a trained run, or of a model in the form of Hugging Face or llama2.c")
    .addOption(new Option("--format <format>", "what to write").choices(["huggingface", "onnx"]).makeOptionMandatory())
    .requiredOption("--output <folder>", "where to write")
    .addOption(new Option("--quantize <type>", "with --format onnx: weights as whole numbers of 8 or 4 bits").choices(["int8", "int4"]))
    .option("--text <file>", "with --quantize: print the perplexity of this text before and after")
    .option("--threads <count>", "threads of one operation, for --text (default: all cores)", positiveInteger)
    .addOption(jsonOption())
    .action((source: string, flags: ExportFlags) => runExport(source, flags, io));
}

async function runExport(source: string, flags: ExportFlags, io: Io): Promise<void> {
  const { format, output, quantize, text, threads, json } = flags;
  if (quantize !== undefined && format !== "onnx") throw new UsageError("--quantize is for --format onnx; Hugging Face folders are written in float32.");
  if (text !== undefined && quantize === undefined) throw new UsageError("--text measures what --quantize loses; give --quantize too.");
  const contents = await openSource(source);
  if (format === "huggingface") {
    const files = await writeLanguageModel(output, contents);
    printResult(io, json, { output, files }, () => `Wrote ${output}: ${files.join(", ")}.`);
    return;
  }
  const written = await writeOnnx(output, contents, {
    quantize, threads, beginning: contents.beginning, text: text === undefined ? undefined : await readFile(text, "utf8"),
  });
  printResult(io, json, { output, ...written }, () => describe(output, written));
}

/** A run has checkpoints; other folders are of others. */
async function openSource(source: string): Promise<LanguageModelContents & { readonly beginning?: readonly number[] }> {
  const isRun = await stat(join(source, "checkpoints")).then((found) => found.isDirectory(), () => false);
  if (!isRun) return openModelFolder(source);
  const { model } = await (await RunDirectory.open(source)).readConfig();
  throw new CommandError(`${source} is a run of the kind ${model.kind}, which other programs have no model for; language models of the GPT-2 and Llama families can be exported.`);
}

function describe(output: string, { files, bytes, unquantizedBytes, perplexity }: WrittenOnnx): string {
  const share = bytes === unquantizedBytes ? "" : `, ${((100 * bytes) / unquantizedBytes).toFixed(0)}% of ${count(unquantizedBytes)}`;
  const lines = [`Wrote ${output}: ${files.join(", ")}.`, `The model takes ${count(bytes)} bytes${share}.`];
  if (perplexity !== undefined) {
    const { unquantized, quantized, tokens } = perplexity;
    const change = 100 * (quantized / unquantized - 1);
    lines.push(`Perplexity of ${count(tokens)} tokens: ${unquantized.toFixed(4)} before, ${quantized.toFixed(4)} after (${change >= 0 ? "+" : ""}${change.toFixed(2)}%).`);
  }
  return lines.join("\n");
}
