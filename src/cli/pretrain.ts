import { relative } from "node:path";
import type { Command } from "commander";
import { Generator } from "../decode/language/generator.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { loadAnyConfig } from "../train/config-load.ts";
import { applyOverrides } from "../train/config-overrides.ts";
import { isTextRunConfig, resolveTextRun, textRunJsonSchema, type TextRunConfig } from "../train/config-text.ts";
import { openTextModel } from "../train/open-text-model.ts";
import { CommandError, UsageError } from "./errors.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, setOption } from "./options.ts";
import { pretrainConfig } from "./pretrain-config.ts";
import { describeRun, trainWith } from "./train.ts";

interface PretrainFlags {
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly set: readonly string[];
  readonly json?: boolean;
}

const SAMPLES = { samples: 3, maxTokens: 60, temperature: 0.8, topP: 0.95, seed: 1 };

export function addPretrain(program: Command, io: Io): void {
  program.command("pretrain")
    .description("train a language model and let it write; without a configuration, a small GPT on the Brown corpus")
    .argument("[config]", "configuration of a language model: a .ts, .js or .json file")
    .option("--resume", "go on from the newest checkpoint")
    .option("--overwrite", "replace a run of the same name")
    .addOption(setOption())
    .addOption(jsonOption())
    .addHelpText("after", "\nCtrl-C saves a checkpoint and exits with code 130; a second Ctrl-C exits at once.")
    .action((config: string | undefined, flags: PretrainFlags) => runPretrain(config, flags, io));
}

async function runPretrain(file: string | undefined, flags: PretrainFlags, io: Io): Promise<void> {
  if (flags.resume && flags.overwrite) throw new UsageError("--resume and --overwrite cannot be given together; choose one.");
  const config = await textConfig(file, flags.set);
  const run = await trainWith(config, flags, io);
  const generator = Generator.create(await openTextModel(run.directory), onnx());
  try {
    const [samples = []] = await generator.generate([""], SAMPLES);
    const texts = samples.map(({ text }) => text);
    printResult(io, flags.json, { ...run, samples: texts }, () => [
      describeRun(run), "",
      `What it writes (temperature ${SAMPLES.temperature}, top-p ${SAMPLES.topP}):`, ...texts.map((text) => `  ${text.replaceAll("\n", "\n  ")}\n`),
      "What to run next:",
      `  npx decade generate ${relative("", run.directory)} "The "`,
      `  npx decade evaluate ${relative("", run.directory)}   # perplexity and bits per byte`,
    ].join("\n"));
  } finally {
    await generator.dispose();
  }
}

async function textConfig(file: string | undefined, overrides: readonly string[]): Promise<TextRunConfig> {
  if (file === undefined) return resolveTextRun(applyOverrides(pretrainConfig, overrides, textRunJsonSchema));
  const config = await loadAnyConfig(file, overrides);
  if (isTextRunConfig(config)) return config;
  throw new CommandError(`${file} describes a model of pairs, not of text; train it with decade train ${file}.`);
}
