import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Option, type Command } from "commander";
import { openModelFolder } from "../exchange/open-model-folder.ts";
import { writeLanguageModel } from "../exchange/write-language-model.ts";
import { writeOnnx, type Quantization, type WrittenOnnx } from "../exchange/write-onnx.ts";
import { exportRun, type ExportedRun } from "../train/run/export-run.ts";
import { UsageError } from "./errors.ts";
import { count } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, positiveInteger } from "./options.ts";
import { refuseOwnFolder } from "./output-files.ts";
import { readWholeText } from "./text-input.ts";

interface ExportFlags {
  readonly format: "huggingface" | "onnx";
  readonly output: string;
  readonly quantize?: Quantization;
  readonly text?: string;
  readonly checkpoint?: string;
  readonly threads?: number;
  readonly json?: boolean;
}

export function addExport(program: Command, io: Io): void {
  program.command("export")
    .description("write a model for other programs: transformers, transformers.js, ONNX Runtime")
    .argument("<run-or-folder>", "folder of a trained run, or of a language model in the form of Hugging Face or llama2.c")
    .addOption(new Option("--format <format>", "what to write").choices(["huggingface", "onnx"]).makeOptionMandatory())
    .requiredOption("--output <folder>", "where to write")
    .addOption(new Option("--quantize <type>", "with --format onnx: weights as whole numbers of 8 or 4 bits").choices(["int8", "int4"]))
    .option("--text <file>", "with --quantize: print the perplexity of this text before and after")
    .option("--checkpoint <which>", "of a run: best, latest, a step, the name of an average, or a folder (default: best)")
    .option("--threads <count>", "threads of one operation, for --text (default: all cores)", positiveInteger)
    .addOption(jsonOption())
    .action((source: string, flags: ExportFlags) => runExport(source, flags, io));
}

async function runExport(source: string, flags: ExportFlags, io: Io): Promise<void> {
  const { format, output, quantize, text, checkpoint, threads, json } = flags;
  if (quantize !== undefined && format !== "onnx") throw new UsageError("--quantize is for --format onnx; Hugging Face folders are written in float32.");
  if (text !== undefined && quantize === undefined) throw new UsageError("--text measures what --quantize loses; give --quantize too.");
  if (format === "huggingface") await refuseOwnFolder(source, output);
  // A run has checkpoints; other folders are of others.
  const isRun = await stat(join(source, "checkpoints")).then((found) => found.isDirectory(), () => false);
  if (checkpoint !== undefined && !isRun) throw new UsageError(`--checkpoint chooses among those of a run, but ${source} is none.`);
  const options = { quantize, threads, text: text === undefined ? undefined : await readWholeText(text) };
  const result = isRun ? await exportRun(source, { format, output, ...options, ...(checkpoint !== undefined && { checkpoint }) })
    : await exportFolder(source, format, output, options);
  printResult(io, json, { output, ...result }, () => describe(output, result));
}

async function exportFolder(
  source: string, format: ExportFlags["format"], output: string, options: { quantize: Quantization | undefined; threads: number | undefined; text: string | undefined },
): Promise<ExportedRun> {
  const contents = await openModelFolder(source);
  return format === "onnx" ? writeOnnx(output, contents, { ...options, beginning: contents.beginning }) : { files: await writeLanguageModel(output, contents) };
}

function describe(output: string, result: ExportedRun): string {
  const first = `Wrote ${output}: ${result.files.join(", ")}.`;
  return "bytes" in result ? [first, ...describeOnnx(result)].join("\n") : first;
}

function describeOnnx({ bytes, unquantizedBytes, perplexity }: WrittenOnnx): string[] {
  const share = bytes === unquantizedBytes ? "" : `, ${((100 * bytes) / unquantizedBytes).toFixed(0)}% of ${count(unquantizedBytes)}`;
  const size = `The model takes ${count(bytes)} bytes${share}.`;
  if (perplexity === undefined) return [size];
  const { unquantized, quantized, tokens } = perplexity;
  const change = 100 * (quantized / unquantized - 1);
  return [size, `Perplexity of ${count(tokens)} tokens: ${unquantized.toFixed(4)} before, ${quantized.toFixed(4)} after (${change >= 0 ? "+" : ""}${change.toFixed(2)}%).`];
}
