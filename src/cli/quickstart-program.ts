/** What a newcomer runs first: trains a pronouncer, measures it, uses it, and says what to do next. */
import { relative } from "node:path";
import { Command } from "commander";
import { applyOverrides } from "../train/config/overrides.ts";
import { resolveRun, runJsonSchema } from "../train/config/config.ts";
import { evaluateSymbols } from "../train/evaluate/evaluate-run.ts";
import { readSplits } from "../train/run/run-data.ts";
import { train } from "../train/train.ts";
import { Translator } from "../train/translator/translator.ts";
import { EXIT, Interruption, reportError } from "./errors.ts";
import { count, duration } from "./format.ts";
import { interruptible } from "./interrupt.ts";
import { processIo, type Io } from "./io.ts";
import { jsonOption, setOption } from "./options.ts";
import { withOutput } from "./program.ts";
import { ProgressLine, trainingReporter } from "./progress.ts";
import { quickstartConfig } from "./quickstart-config.ts";

const SEARCH = { beam: 3, batch: 128 };

/** Words that are in no dictionary. */
const INVENTED = ["decadify", "wugs", "snorfle", "blicket", "quantique", "zorbing", "thrimbly", "overglunk"];

interface QuickstartFlags {
  readonly set: readonly string[];
  readonly json?: boolean;
}

export async function quickstart(args: readonly string[], io: Io = processIo()): Promise<number> {
  const command = withOutput(new Command("quickstart"), io)
    .description("train a pronouncer on a real dictionary, measure it and use it; about five minutes on two cores")
    .addOption(setOption())
    .addOption(jsonOption())
    .action((flags: QuickstartFlags) => runQuickstart(flags, io));
  try {
    await command.parseAsync([...args], { from: "user" });
    return EXIT.done;
  } catch (error) {
    return reportError(error, io);
  }
}

async function runQuickstart({ set, json }: QuickstartFlags, io: Io): Promise<void> {
  const started = performance.now();
  const config = resolveRun(applyOverrides(quickstartConfig, set, runJsonSchema));
  io.err("Learning to pronounce English from its spelling. Ctrl-C stops.\n");
  const reporter = trainingReporter(io);
  const run = await interruptible(
    (signal) => train(config, { overwrite: true, signal, onEvent: reporter.onEvent }),
    { exitCode: EXIT.interrupted, onInterrupt: () => reporter.close() },
  ).finally(() => reporter.close());
  if (run.reason === "interrupted") {
    io.err(`Stopped after step ${run.step}; what was learned is in ${run.directory}.\n`);
    throw new Interruption("The quickstart was stopped.");
  }

  const { test } = await readSplits(config.data, config.seed);
  const translator = await Translator.open(run.directory);
  try {
    io.err("Pronouncing words that it has never seen.\n");
    const line = new ProgressLine(io);
    const { quality } = await evaluateSymbols(translator, test, {
      ...SEARCH, onProgress: (done, total) => line.update(() => `${count(done)} of ${count(total)} words`),
    }).finally(() => line.close());
    const pronounced = await translator.translate(INVENTED, { beam: SEARCH.beam });
    const seconds = (performance.now() - started) / 1000;
    const folder = relative("", run.directory);
    const text = [
      `Of ${count(quality.words)} words that it never saw:`,
      `  phoneme error rate (PER)  ${quality.per.toFixed(1)} %`,
      `  word error rate (WER)     ${quality.wer.toFixed(1)} %`,
      "",
      "Words that are in no dictionary:",
      ...INVENTED.map((word, at) => `  ${word.padEnd(12)}${pronounced[at]?.text ?? ""}`),
      "",
      `That took ${duration(seconds)}. What to run next:`,
      `  echo serendipitous | npx decade translate ${folder} --n-best 3`,
      `  npx decade evaluate ${folder}   # with a confidence interval`,
      "  npx decade train examples/pronounce.config.ts   # the longer recipe, with a lower error",
      "  npx decade --help",
    ].join("\n");
    io.out(`${text}\n`);
    if (json) io.out(`${JSON.stringify({ per: quality.per, wer: quality.wer, seconds, trainTokensPerSecond: run.tokensPerSecond })}\n`);
  } finally {
    await translator.dispose();
  }
}
