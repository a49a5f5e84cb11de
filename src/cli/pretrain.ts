import { relative } from "node:path";
import type { Command } from "commander";
import { holdOut, readCompletions } from "../data/completions/completions.ts";
import { Generator, type TextModel } from "../decode/language/generator.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { loadAnyConfig } from "../train/config/load.ts";
import { applyOverrides } from "../train/config/overrides.ts";
import { isTextRunConfig, resolveTextRun, textRunJsonSchema, type TextRunConfig } from "../train/config/text.ts";
import { openTextModel } from "../train/run/open-text-model.ts";
import { CommandError, UsageError } from "./errors.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, positiveInteger, setOption } from "./options.ts";
import { pretrainConfig } from "./pretrain-config.ts";
import { describeRun, overridesOf, trainWith } from "./train.ts";

interface PretrainFlags {
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly set: readonly string[];
  readonly name?: string;
  readonly threads?: number;
  readonly json?: boolean;
}

const SAMPLES = 3;
const CHOICE = { maxTokens: 60, temperature: 0.8, topP: 0.95, seed: 1 };

export function addPretrain(program: Command, io: Io): void {
  program.command("pretrain")
    .description("train a language model and let it write; without a configuration, a small GPT on the Brown corpus")
    .argument("[config]", "configuration of a language model: a .ts, .js or .json file")
    .option("--resume", "go on from the newest checkpoint")
    .option("--overwrite", "replace a run of the same name")
    .addOption(setOption())
    .option("--name <name>", "name of the run, in place of the configuration's")
    .option("--threads <count>", "threads of one operation, in place of the configuration's", positiveInteger)
    .addOption(jsonOption())
    .addHelpText("after", "\nCtrl-C saves a checkpoint and exits with code 130; a second Ctrl-C exits at once.")
    .action((config: string | undefined, flags: PretrainFlags) => runPretrain(config, flags, io));
}

async function runPretrain(file: string | undefined, flags: PretrainFlags, io: Io): Promise<void> {
  if (flags.resume && flags.overwrite) throw new UsageError("--resume and --overwrite cannot be given together; choose one.");
  const config = await textConfig(file, overridesOf(flags));
  const run = await trainWith(config, flags, io);
  const model = await openTextModel(run.directory);
  const generator = Generator.create(model, onnx());
  try {
    const prompts = await samplePrompts(config, model);
    const written = await generator.generate(prompts, { ...CHOICE, samples: Math.ceil(SAMPLES / prompts.length) });
    const texts = written.flatMap((samples, at) => samples.map(({ text }) => `${prompts[at] ?? ""}${text}`));
    printResult(io, flags.json, { ...run, samples: texts }, () => [
      describeRun(run), "",
      `What it writes (temperature ${CHOICE.temperature}, top-p ${CHOICE.topP}):`, ...texts.map((text) => `  ${text.replaceAll("\n", "\n  ")}\n`),
      "What to run next:",
      `  npx decade generate ${relative("", run.directory)} ${quoted(prompts[0] || "The ")}`,
      `  npx decade evaluate ${relative("", run.directory)}   # perplexity and bits per byte`,
    ].join("\n"));
  } finally {
    await generator.dispose();
  }
}

/** As a shell takes it, line ends and all. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** What it goes on from: nothing, or prompts that were held out and leave it room. */
async function samplePrompts({ data }: TextRunConfig, { tokenizer, model }: TextModel): Promise<string[]> {
  if (data.kind !== "completions") return [""];
  const { validation } = holdOut(await readCompletions(data.files, data), data.validation);
  const fitting = validation.filter(({ prompt }) => tokenizer.encode(prompt).length < (model.context ?? Infinity));
  return fitting.length === 0 ? [""] : fitting.slice(0, SAMPLES).map(({ prompt }) => prompt);
}

async function textConfig(file: string | undefined, overrides: readonly string[]): Promise<TextRunConfig> {
  if (file === undefined) return resolveTextRun(applyOverrides(pretrainConfig, overrides, textRunJsonSchema));
  const config = await loadAnyConfig(file, overrides);
  if (isTextRunConfig(config)) return config;
  throw new CommandError(`${file} describes a model of pairs, not of text; train it with decade train ${file}.`);
}
