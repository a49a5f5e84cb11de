import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { inspectPhraseRun, type PhraseRunSummary } from "../phrase/run/inspect-phrase-run.ts";
import { loadAnyConfig } from "../train/config/load.ts";
import { isTextRunConfig } from "../train/config/text.ts";
import { inspectConfig, inspectModelFolder, inspectRun, inspectTextConfig, type LayerSummary, type ModelSummary } from "../train/run/inspect.ts";
import { isModelFolder } from "../train/translator/open-translation.ts";
import { UsageError } from "./errors.ts";
import { count, table } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { isPhraseRun } from "./open-translator.ts";
import { jsonOption, setOption } from "./options.ts";

interface InspectFlags {
  readonly set: readonly string[];
  readonly tensors?: boolean;
  readonly json?: boolean;
}

/** Characters of a line, at most, of which the tensors of a layer have what is left. */
const LINE = 100;

export function addInspect(program: Command, io: Io): void {
  program.command("inspect")
    .description("count a model's parameters, layer by layer; of a phrase-based run its phrases, n-grams and weights")
    .argument("<config-or-run>", "configuration file, or folder of a run or of a model of Hugging Face")
    .option("--tensors", "list each tensor of a layer, in a line of its own")
    .addOption(setOption())
    .addOption(jsonOption())
    .action((path: string, flags: InspectFlags) => runInspect(path, flags, io));
}

async function runInspect(path: string, { set, tensors = false, json }: InspectFlags, io: Io): Promise<void> {
  const isFolder = await stat(path).then((found) => found.isDirectory(), () => false);
  if (isFolder && set.length > 0) throw new UsageError("--set changes a configuration, but a folder was given.");
  if (isFolder && await isPhraseRun(path)) {
    if (tensors) throw new UsageError("--tensors lists those of a network, and a phrase-based translator has none; leave it out.");
    const phrases = await inspectPhraseRun(path);
    return printResult(io, json, phrases, () => describePhrases(phrases));
  }
  const summary = await (!isFolder ? inspectFile(path, set) : await isModelFolder(path) ? inspectModelFolder(path) : inspectRun(path));
  printResult(io, json, summary, () => describe(summary, tensors));
}

async function inspectFile(path: string, overrides: readonly string[]): Promise<ModelSummary> {
  const config = await loadAnyConfig(path, overrides);
  return isTextRunConfig(config) ? inspectTextConfig(config) : inspectConfig(config);
}

function describePhrases({ phrasePairs, ngrams, vocabulary, weights }: PhraseRunSummary): string {
  return [
    `${count(phrasePairs)} phrase pairs of ${count(vocabulary.source)} source and ${count(vocabulary.target)} target words`,
    `language model: ${ngrams.map((each, at) => `${count(each)} ${at + 1}-grams`).join(", ")}`,
    table(["feature", "weight"], Object.entries(weights).map(([name, weight]) => [name, weight.toFixed(4)]), [1]),
  ].join("\n");
}

function describe({ parameters, recurrentParameters, layers, vocabulary }: ModelSummary, listed: boolean): string {
  const headings = ["layer", "kind", "parameters", ...(recurrentParameters === 0 ? [] : ["recurrent"])];
  const row = (name: string, kind: string, size: number, recurrent: number): string[] => (
    [name, kind, count(size), ...(recurrentParameters === 0 ? [] : [recurrent === 0 ? "" : count(recurrent)])]);
  const rows = layers.map((layer) => row(layer.name, layer.kind, layer.parameters, layer.recurrentParameters));
  const total = row("total", "", parameters, recurrentParameters);
  const tensors = listed ? layers.map(() => "") : shortTensors(layers, widthOf([headings, ...rows, total]));
  const lines = layers.flatMap((layer, at) => [[...rows[at] ?? [], tensors[at] ?? ""], ...(listed ? tensorRows(layer, headings.length) : [])]);
  return [
    table([...headings, "tensors"], [...lines, total], [2, 3].slice(0, headings.length - 2)),
    `vocabulary: ${count(vocabulary.source)} source tokens, ${count(vocabulary.target)} target tokens`,
    ...(tensors.some((text) => /^\d/.test(text)) ? ["--tensors lists the tensors of each layer."] : []),
  ].join("\n");
}

/** Characters of a line of a table, with the space before a further column. */
function widthOf(rows: readonly (readonly string[])[]): number {
  return (rows[0] ?? []).reduce((sum, _, column) => sum + Math.max(...rows.map((row) => (row[column] ?? "").length)) + 2, 0);
}

/** Of each layer its tensors, where they have room in the line, else how many they are. */
function shortTensors(layers: readonly LayerSummary[], before: number): string[] {
  return layers.map(({ shapes }) => {
    const named = Object.entries(shapes).map(([name, shape]) => `${name} ${bracketed(shape)}`);
    const text = named.join(", ");
    return before + text.length <= LINE ? text : String(named.length);
  });
}

/** A line for each tensor, beneath its layer; `columns` are those before the shape. */
function tensorRows({ shapes }: LayerSummary, columns: number): string[][] {
  return Object.entries(shapes).map(([name, shape]) => [`  ${name}`, ...Array.from({ length: columns - 1 }, () => ""), bracketed(shape)]);
}

function bracketed(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
