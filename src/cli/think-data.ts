import { writeFile } from "node:fs/promises";
import { Option, type Command } from "commander";
import { openTask } from "../think/tasks/open-task.ts";
import type { Split } from "../think/tasks/task.ts";
import { trainingTexts } from "../think/tasks/training-text.ts";
import { count } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, nonNegativeInteger, positiveInteger } from "./options.ts";
import { prepareOutputs } from "./output-files.ts";
import { describeTasks } from "./think-place.ts";

interface DataFlags {
  readonly split: Split;
  readonly count: number;
  readonly output: string;
  readonly seed: number;
  readonly json?: boolean;
}

export function addThinkData(think: Command, io: Io): void {
  think.command("data")
    .description("write worked problems to learn from, as JSON lines with the fields prompt and solution")
    .argument("<task>", "its name, with options")
    .requiredOption("--output <file>", "where they go")
    .addOption(new Option("--split <split>", "which problems; those of one split never occur in another").choices(["train", "validation", "test"]).default("train"))
    .option("--count <count>", "problems", positiveInteger, 100_000)
    .option("--seed <number>", "of the problems", nonNegativeInteger, 1)
    .addOption(jsonOption())
    .addHelpText("after", describeTasks)
    .action((task: string, flags: DataFlags) => runData(task, flags, io));
}

async function runData(name: string, { split, count: wanted, output, seed, json }: DataFlags, io: Io): Promise<void> {
  await prepareOutputs(output);
  const texts = await trainingTexts(openTask(name), split, { seed, count: wanted });
  await writeFile(output, texts.map((text) => `${JSON.stringify(text)}\n`).join(""));
  const [first] = texts;
  printResult(io, json, { task: name, split, file: output, problems: texts.length, first: first?.text ?? null }, () => [
    `${output}: ${count(texts.length)} problems of ${name}, ${split} split. The first:`, "", first?.text ?? "", "",
    "What to learn them with, in a configuration for npx decade pretrain:",
    `  data: { kind: "completions", files: [${JSON.stringify(output)}], validation: 0.01 }, tokenizer: { kind: "character" }`,
  ].join("\n"));
}
