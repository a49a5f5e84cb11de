import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { inspectPhraseRun, type PhraseRunSummary } from "../phrase/run/inspect-phrase-run.ts";
import { loadAnyConfig } from "../train/config-load.ts";
import { isTextRunConfig } from "../train/config-text.ts";
import { inspectConfig, inspectRun, inspectTextConfig, type ModelSummary } from "../train/inspect.ts";
import { UsageError } from "./errors.ts";
import { count, table } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { isPhraseRun } from "./open-translator.ts";
import { jsonOption, setOption } from "./options.ts";

interface InspectFlags {
  readonly set: readonly string[];
  readonly json?: boolean;
}

export function addInspect(program: Command, io: Io): void {
  program.command("inspect")
    .description("count a model's parameters, layer by layer; of a phrase-based run its phrases, n-grams and weights")
    .argument("<config-or-run>", "configuration file, or folder of a run")
    .addOption(setOption())
    .addOption(jsonOption())
    .action((path: string, flags: InspectFlags) => runInspect(path, flags, io));
}

async function runInspect(path: string, { set, json }: InspectFlags, io: Io): Promise<void> {
  const isFolder = await stat(path).then((found) => found.isDirectory(), () => false);
  if (isFolder && set.length > 0) throw new UsageError("--set changes a configuration, but a run was given.");
  if (isFolder && await isPhraseRun(path)) {
    const phrases = await inspectPhraseRun(path);
    return printResult(io, json, phrases, () => describePhrases(phrases));
  }
  const summary = isFolder ? await inspectRun(path) : await inspectFile(path, set);
  printResult(io, json, summary, () => describe(summary));
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

function describe({ parameters, recurrentParameters, layers, vocabulary }: ModelSummary): string {
  const rows = layers.map(({ name, kind, parameters: size, recurrentParameters: recurrent, shapes }) => [
    name, kind, count(size), recurrent === 0 ? "" : count(recurrent),
    Object.entries(shapes).map(([array, shape]) => `${array} [${shape.join(", ")}]`).join(", "),
  ]);
  return [
    table(["layer", "kind", "parameters", "recurrent", "arrays"], [...rows, ["total", "", count(parameters), count(recurrentParameters), ""]], [2, 3]),
    `vocabulary: ${count(vocabulary.source)} source tokens, ${count(vocabulary.target)} target tokens`,
  ].join("\n");
}
