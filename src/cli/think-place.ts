/** What the commands under `decade think` have in common: tasks, models and problems by name. */
import { Option, type Command } from "commander";
import { onnx } from "../engines/onnx/engine.ts";
import { openTextModel } from "../train/open-text-model.ts";
import { EndpointSampler } from "../think/sampler/endpoint-sampler.ts";
import { RunSampler } from "../think/sampler/run-sampler.ts";
import type { Sampler } from "../think/sampler/sampler.ts";
import { taskKinds } from "../think/tasks/open-task.ts";
import { UsageError } from "./errors.ts";
import { jsonOption, nonNegativeInteger, nonNegativeNumber, positiveInteger, positiveNumber } from "./options.ts";

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
export function addProblemOptions(command: Command): Command {
  return command
    .option("--problems <count>", "problems", positiveInteger, 200)
    .addOption(new Option("--split <split>", "which problems").choices(["train", "validation", "test"]).default("test"))
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

export const MODEL_ARGUMENT = "folder of a trained language model, or an endpoint of OpenAI's protocol with a model: http://127.0.0.1:8000/v1#name";

/** The model that a command names. */
export async function openSampler(run: string, flags: ModelFlags): Promise<Sampler> {
  return /^https?:\/\//.test(run) ? openEndpoint(run, flags) : openRun(run, flags);
}

function openEndpoint(address: string, { completions, apiKeyVariable, timeout, retries, concurrency, parameters }: ModelFlags): Sampler {
  const [url = "", model = ""] = address.split("#");
  if (model === "") throw new UsageError(`${address} names no model; put its name after #, as in ${url}#name.`);
  return new EndpointSampler({
    url, model, kind: completions === true ? "completions" : "chat", apiKey: process.env[apiKeyVariable], timeout: 1000 * timeout, retries, concurrency,
    ...(parameters !== undefined && { parameters }),
  });
}

async function openRun(run: string, { checkpoint, threads }: ModelFlags): Promise<Sampler> {
  return new RunSampler(run, await openTextModel(run, { checkpoint }), onnx(threads === undefined ? {} : { threads }));
}

/** For the help of commands: each task with its options. */
export function describeTasks(): string {
  return ["", "Tasks, with options after a colon as in addition:digits=4,format=plain:", ...Object.entries(taskKinds).flatMap(([name, { description, options }]) => [
    `  ${name}: ${description}`, ...Object.entries(options).map(([option, meaning]) => `    ${option}: ${meaning}`),
  ])].join("\n");
}
