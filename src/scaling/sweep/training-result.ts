/** What has come out of a training, and how far one is that is not done. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { jsonValue } from "../../data/json-value.ts";
import { errorCode, writeFileAtomically } from "../../data/durable-files.ts";
import { MetricsLog, type MetricsRecord } from "../../train/run/metrics-log.ts";
import { ScalingError } from "../scaling-error.ts";
import type { TrainingSize } from "./training-size.ts";

const resultSchema = z.object({
  /** Steps taken; fewer than planned where validation no longer improved. */
  step: z.int(),
  /** Validation loss at the end, nats a target token. */
  loss: z.number(),
  /** The least on the way. */
  bestLoss: z.number(),
  /** Time of the training steps, without validations and checkpoints. */
  seconds: z.number(),
});

export type TrainingResult = Readonly<z.infer<typeof resultSchema>>;

const RESULT_FILE = "result.json";

/** The result that lies in a run's folder; undefined where the training is not done. */
export async function readResult(folder: string): Promise<TrainingResult | undefined> {
  const path = join(folder, RESULT_FILE);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const parsed = resultSchema.safeParse(jsonValue(text));
  if (!parsed.success) throw new ScalingError(`${path} is damaged; delete it, and the training's result is taken from its log again.`);
  return parsed.data;
}

/** Takes the result of a training that has ended from its log, and leaves it in its folder. @throws ScalingError where nothing was validated */
export async function recordResult(folder: string, size: TrainingSize): Promise<TrainingResult> {
  const records = await MetricsLog.read(join(folder, "metrics.jsonl"));
  const validations = records.flatMap(({ step, validationLoss }) => (typeof validationLoss === "number" ? [{ step, loss: validationLoss }] : []));
  const last = validations.at(-1);
  if (last === undefined) throw new ScalingError(`The training in ${folder} has ended without a validation loss; hold data out in the sweep's base configuration (data.validation).`);
  const bestLoss = Math.min(...validations.map(({ loss }) => loss));
  const result = { step: last.step, loss: last.loss, bestLoss, seconds: secondsOf(records, size) };
  await writeFileAtomically(join(folder, RESULT_FILE), `${JSON.stringify(result)}\n`);
  return result;
}

/** How far a training is, as its log has it. */
export interface TrainingProgress {
  readonly step: number;
  /** Nats a target token, in training. */
  readonly loss: number | undefined;
  /** Tokens read a second. */
  readonly tokensPerSecond: number | undefined;
}

export async function readProgress(folder: string): Promise<TrainingProgress> {
  const records = await MetricsLog.read(join(folder, "metrics.jsonl"));
  const last = records.findLast(({ loss }) => typeof loss === "number");
  const number = (field: string): number | undefined => (typeof last?.[field] === "number" ? last[field] : undefined);
  return { step: last?.step ?? 0, loss: number("loss"), tokensPerSecond: number("tokensPerSecond") };
}

/** Each line of the log has the speed of the steps since the line before. */
function secondsOf(records: readonly MetricsRecord[], { readTokens, steps }: TrainingSize): number {
  let [seconds, before] = [0, 0];
  for (const { step, tokensPerSecond } of records) {
    if (typeof tokensPerSecond !== "number") continue;
    seconds += (step - before) * readTokens / steps / tokensPerSecond;
    before = step;
  }
  return seconds;
}
