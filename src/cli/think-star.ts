import { appendFile, writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { star, type StarReport } from "../think/learn/star.ts";
import { openTask } from "../think/tasks/open-task.ts";
import { CommandError } from "./errors.ts";
import { count } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { positiveInteger } from "./options.ts";
import { prepareOutputs } from "./output-files.ts";
import { ProgressLine } from "./progress.ts";
import { addProblemOptions, describeTasks, MODEL_ARGUMENT, openSampler, type ProblemFlags } from "./think-place.ts";

interface StarFlags extends ProblemFlags {
  readonly samples: number;
  readonly rationalize?: boolean;
  readonly output: string;
}

export function addThinkStar(think: Command, io: Io): void {
  const command = think.command("star")
    .description("write the solutions that a model finds by itself, as JSON lines to learn from (Zelikman et al. 2022)")
    .argument("<task>", "its name, with options")
    .argument("<run>", MODEL_ARGUMENT)
    .requiredOption("--output <file>", "where they go")
    .option("--samples <count>", "attempts at each problem", positiveInteger, 16)
    .option("--rationalize", "give problems that were never solved with their worked solution");
  addProblemOptions(command, { split: "train", problems: 1000 }).addHelpText("after", describeTasks)
    .action((task: string, run: string, flags: StarFlags) => runStar(task, run, flags, io));
}

async function runStar(name: string, run: string, flags: StarFlags, io: Io): Promise<void> {
  const { samples, temperature, maxTokens, seed, rationalize = false, output } = flags;
  await prepareOutputs(output);
  const task = openTask(name);
  const problems = await task.problems(flags.split, { seed, count: flags.problems });
  const sampler = await openSampler(run, flags);
  const line = new ProgressLine(io);
  try {
    await writeFile(output, "");
    const report = await star(task, problems, sampler, {
      samples, temperature, maxTokens, seed, rationalize,
      async onSolutions(texts, done) {
        await appendFile(output, texts.map((text) => `${JSON.stringify(text)}\n`).join(""));
        line.update(() => `${count(done)} of ${count(problems.length)} problems`);
      },
    });
    line.close();
    if (report.solutions + report.rationalized === 0) {
      throw new CommandError(`${run} solved none of ${count(report.problems)} problems in ${count(report.attempts)} attempts, so that there is nothing to learn from; draw more, or add --rationalize.`);
    }
    printResult(io, flags.json, { task: name, split: flags.split, file: output, ...report }, () => describe(output, run, report));
  } finally {
    line.close();
    await sampler.dispose();
  }
}

function describe(output: string, run: string, { problems, attempts, correct, solved, solutions, rationalized }: StarReport): string {
  return [
    `${output}: ${count(solutions)} different solutions of ${count(solved)} problems, of ${count(problems)}`
      + `${rationalized === 0 ? "" : `, and worked ones of ${count(rationalized)} others`}.`,
    `${count(correct)} of ${count(attempts)} attempts were right.`, "",
    "What to learn them with, in a configuration for npx decade pretrain:",
    `  from: ${JSON.stringify(run)}, data: { kind: "completions", files: [${JSON.stringify(output)}], validation: 0.01 }`,
  ].join("\n");
}
