/** What the commands under `decade think` have in common: tasks, models and problems by name. */
import type { Command } from "commander";
import { Option } from "commander";
import { onnx } from "../engines/onnx/engine.ts";
import { openTextModel } from "../train/open-text-model.ts";
import { RunSampler } from "../think/sampler/run-sampler.ts";
import type { Sampler } from "../think/sampler/sampler.ts";
import { taskKinds } from "../think/tasks/open-task.ts";
import { jsonOption, nonNegativeInteger, nonNegativeNumber, positiveInteger } from "./options.ts";

export interface ModelFlags {
  readonly checkpoint: string;
  readonly threads?: number;
}

export interface ProblemFlags extends ModelFlags {
  readonly problems: number;
  readonly split: "train" | "validation" | "test";
  readonly seed: number;
  readonly temperature: number;
  readonly maxTokens?: number;
  readonly json?: boolean;
}

/** The options that all commands about problems and a model take. */
export function addProblemOptions(command: Command): Command {
  return command
    .option("--problems <count>", "problems", positiveInteger, 200)
    .addOption(new Option("--split <split>", "which problems").choices(["train", "validation", "test"]).default("test"))
    .option("--seed <number>", "of problems and draws", nonNegativeInteger, 1)
    .option("--temperature <t>", "of draws", nonNegativeNumber, 1)
    .option("--max-tokens <count>", "the most tokens of an attempt (default: the task's)", positiveInteger)
    .option("--checkpoint <which>", "of a run: best, latest, a step, the name of an average, or a folder", "best")
    .option("--threads <count>", "threads of one operation (default: as many as there are cores)", positiveInteger)
    .addOption(jsonOption());
}

export async function openSampler(run: string, { checkpoint, threads }: ModelFlags): Promise<Sampler> {
  return new RunSampler(run, await openTextModel(run, { checkpoint }), onnx(threads === undefined ? {} : { threads }));
}

/** For the help of commands: each task with its options. */
export function describeTasks(): string {
  return ["", "Tasks, with options after a colon as in addition:digits=4,format=plain:", ...Object.entries(taskKinds).flatMap(([name, { description, options }]) => [
    `  ${name}: ${description}`, ...Object.entries(options).map(([option, meaning]) => `    ${option}: ${meaning}`),
  ])].join("\n");
}
