/** What the commands under `decade think` have in common: tasks, models and problems by name. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { onnx } from "../engines/onnx/engine.ts";
import { openTextModel } from "../train/run/open-text-model.ts";
import { EndpointSampler } from "../think/sampler/endpoint-sampler.ts";
import { aggregations, type Aggregation } from "../think/reward/aggregate.ts";
import type { ModelReward } from "../think/reward/model-reward.ts";
import { openReward } from "../think/reward/open-reward.ts";
import { RunSampler } from "../think/sampler/run-sampler.ts";
import type { Sampler } from "../think/sampler/sampler.ts";
import { taskKinds } from "../think/tasks/open-task.ts";
import type { Task } from "../think/tasks/task.ts";
import { DEFAULT_SETTINGS } from "../think/think.ts";
import { describeError, EXIT, Failure, UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { jsonOption, nonNegativeInteger, nonNegativeNumber, number, positiveInteger, positiveNumber } from "./options.ts";

interface ModelFlags {
  readonly checkpoint: string;
  readonly threads?: number;
  readonly completions?: boolean;
  readonly apiKeyVariable: string;
  readonly timeout: number;
  readonly retries: number;
  readonly concurrency: number;
  readonly parameters?: number;
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
export function addProblemOptions(command: Command, { split, problems }: Pick<ProblemFlags, "split" | "problems"> = { split: "test", problems: 200 }): Command {
  return command
    .option("--problems <count>", "problems", positiveInteger, problems)
    .addOption(new Option("--split <split>", "which problems").choices(["train", "validation", "test"]).default(split))
    .option("--seed <number>", "of problems and draws", nonNegativeInteger, 1)
    .option("--temperature <t>", "of draws", nonNegativeNumber, 1)
    .option("--max-tokens <count>", "the most tokens of an attempt (default: the task's)", positiveInteger)
    .option("--checkpoint <which>", "of a run: best, latest, a step, the name of an average, or a folder", "best")
    .option("--threads <count>", "threads of one operation (default: as many as there are cores)", positiveInteger)
    .option("--completions", "an endpoint goes on from plain text, instead of answering in a chat")
    .option("--api-key-variable <name>", "variable of the environment that holds an endpoint's key", "OPENAI_API_KEY")
    .option("--timeout <seconds>", "that an endpoint has for an answer", positiveNumber, 120)
    .option("--retries <count>", "how often a failed request to an endpoint is made again", nonNegativeInteger, 4)
    .option("--concurrency <count>", "requests to an endpoint at the same time", positiveInteger, 8)
    .option("--parameters <count>", "weights of an endpoint's model, to count FLOPs by (default: they are not counted)", positiveNumber)
    .addOption(jsonOption());
}

/** What stands in the verifier's place. */
export interface JudgeFlags {
  readonly reward?: string;
  readonly aggregate?: Aggregation;
  readonly criticism: "verifier" | "own";
  readonly criticismText: string;
  readonly confidence: number;
}

/** The options of commands whose strategies ask how good an attempt is. */
export function addJudgeOptions(command: Command): Command {
  return command
    .option("--reward <folder>", "a reward model, trained by decade think reward, in the verifier's place")
    .addOption(new Option("--aggregate <how>", "how its scores of steps make one (default: last)").choices([...aggregations]))
    .addOption(new Option("--criticism <whose>", "by whom revision goes: the verifier (or the reward model), or the model itself").choices(["verifier", "own"]).default(DEFAULT_SETTINGS.criticism))
    .option("--criticism-text <text>", "what revision writes after an attempt where the model has no words of its own; {answer} stands for its answer", DEFAULT_SETTINGS.criticismText)
    .option("--confidence <share>", "revision tries again after a reward, or a likelihood per token, below this", share, DEFAULT_SETTINGS.confidence);
}

/** The reward model that a command names, for the attempts of its model. */
export async function openJudge({ reward, aggregate, threads }: JudgeFlags & ModelFlags, task: Task, sampler: Sampler): Promise<ModelReward | undefined> {
  if (reward === undefined) {
    if (aggregate !== undefined) throw new UsageError("--aggregate is about --reward; add it, or leave it out.");
    return undefined;
  }
  return openReward(reward, { task, aggregate, tokenizer: sampler instanceof RunSampler ? sampler.model.tokenizer : undefined, engine: onnx(threads === undefined ? {} : { threads }) });
}

export function judgeSettings({ criticism, criticismText, confidence }: JudgeFlags) {
  return { criticism, criticismText, confidence };
}

/** From 0 to 1. */
export function share(text: string): number {
  const value = number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError("Expected a share from 0 to 1.");
  return value;
}

export const MODEL_ARGUMENT = "folder of a trained language model, or an endpoint of OpenAI's protocol with a model: http://127.0.0.1:8000/v1#name";

/** The model that a command names. */
export async function openSampler(run: string, flags: ModelFlags): Promise<Sampler> {
  return /^https?:\/\//.test(run) ? openEndpoint(run, flags) : openRun(run, flags);
}

function openEndpoint(address: string, { completions, apiKeyVariable, timeout, retries, concurrency, parameters }: ModelFlags): Sampler {
  const [url = "", model = ""] = address.split("#");
  if (model === "") throw new UsageError(`${address} names no model; put its name after #, as in ${url}#name.`);
  if (!URL.canParse(url)) throw new UsageError(`${url} is no address of an endpoint; give one like http://127.0.0.1:8000/v1#name.`);
  return new EndpointSampler({
    url, model, kind: completions === true ? "completions" : "chat", apiKey: process.env[apiKeyVariable], timeout: 1000 * timeout, retries, concurrency,
    ...(parameters !== undefined && { parameters }),
  });
}

async function openRun(run: string, { checkpoint, threads }: ModelFlags): Promise<Sampler> {
  return new RunSampler(run, await openTextModel(run, { checkpoint }), onnx(threads === undefined ? {} : { threads }));
}

/** Ends a command that something stopped, after what was finished by then has been printed. */
export function failIfStopped(stopped: Error | undefined, io: Io): void {
  if (stopped === undefined) return;
  io.err(`decade: ${describeError(stopped).text} What was finished by then is in the result.\n`);
  throw new Failure(EXIT.failed);
}

/** For the help of commands: each task with its options. */
export function describeTasks(): string {
  return ["", "Tasks, with options after a colon as in addition:digits=4,format=plain:", ...Object.entries(taskKinds).flatMap(([name, { description, options }]) => [
    `  ${name}: ${description}`, ...Object.entries(options).map(([option, meaning]) => `    ${option}: ${meaning}`),
  ])].join("\n");
}
