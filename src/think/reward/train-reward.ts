import { writeFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { Engine } from "../../engines/engine.ts";
import { onnx } from "../../engines/onnx/engine.ts";
import { latestCheckpoint } from "../../train/checkpoint/list.ts";
import { loadCheckpoint } from "../../train/checkpoint/checkpoint.ts";
import { MetricsLog } from "../../train/run/metrics-log.ts";
import { vocabularyFingerprint } from "../../train/run/open-run.ts";
import { openTextRun, type OpenedTextRun } from "../../train/run/open-text-run.ts";
import { RunDirectory } from "../../train/run/run-directory.ts";
import { recordIn } from "../../train/run/run-record.ts";
import type { TrainEvent } from "../../train/train-event.ts";
import { Trainer, type StopReason } from "../../train/trainer.ts";
import { TrainingPrograms } from "../../train/training-programs.ts";
import { RunSampler } from "../sampler/run-sampler.ts";
import type { Problem, Split, Task } from "../tasks/task.ts";
import { ThinkError } from "../think-error.ts";
import { attemptBatches, type Example } from "./attempt-batches.ts";
import { encodeAttempt } from "./encoded-attempt.ts";
import { judgeReward, type RewardReport } from "./judge-reward.ts";
import { labelledAttempts, requireSteps, type LabelledAttempt } from "./labelled-attempt.ts";
import { readRewardConfig, trainerSettings, type RewardConfig } from "./reward-config.ts";
import { buildRewardModel, formOf, openRewardRun, readAttempts, writeAttempts, type Attempts } from "./reward-run.ts";
import { rewardTask, trunkName, type RewardModel } from "./reward-model.ts";

export interface TrainRewardOptions {
  readonly task: Task;
  /** Folder of the language model whose attempts are to be judged, and from whose weights the reward model begins. */
  readonly run: string;
  /** Folder of the reward model. */
  readonly output: string;
  readonly judges: RewardConfig["model"]["judges"];
  readonly data: Pick<RewardConfig["data"], "checkpoint" | "problems" | "heldOut" | "samples" | "rollouts" | "temperature"> & { readonly maxTokens?: number | undefined };
  readonly training: RewardConfig["training"];
  readonly seed: number;
  readonly threads?: number | undefined;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: TrainEvent) => void;
  /** Told how the drawing and labelling of attempts goes. */
  readonly onProgress?: (what: string, done: number, of: number) => void;
}

export interface TrainedReward {
  readonly directory: string;
  readonly reason: StopReason;
  readonly step: number;
  /** On attempts at problems of the test split; `undefined` where it was interrupted. */
  readonly report: RewardReport | undefined;
}

/**
 * Trains a reward model on a language model's attempts at training problems, beginning from the language model's weights, and
 * reports how well it tells right from wrong attempts at test problems.
 *
 * @throws ThinkError where the attempts are all right or all wrong, or steps can be judged by nobody; otherwise as `openTextRun`
 *   and `trainTask` do
 */
export async function trainReward(options: TrainRewardOptions): Promise<TrainedReward> {
  const { task, judges, data: { rollouts }, run: path, output, resume = false, overwrite = false } = options;
  requireSteps(task, { kind: judges, rollouts });
  if (resolve(path) === resolve(output)) throw new ThinkError(`The reward model cannot take the place of the run ${path}; give it a folder of its own.`);
  const run = await openTextRun(path, { checkpoint: options.data.checkpoint });
  const config = configOf(options, run);
  const directory = await RunDirectory.create(config, { resume, overwrite });
  try {
    if (resume) await requireSame(directory, config);
    const engine = onnx(options.threads === undefined ? {} : { threads: options.threads });
    await writeFile(directory.tokenizerFile(), run.tokenizer.toJson());
    const attempts = (resume ? await readAttempts(directory) : undefined) ?? await drawAttempts(directory, config, run, engine, options);
    const { reason, step } = await learn(directory, config, run, attempts, engine, options);
    const report = reason === "interrupted" ? undefined : await reportOn(directory.path, attempts.test, engine);
    return { directory: directory.path, reason, step, report };
  } finally {
    directory.close();
  }
}

function configOf({ task, run: path, output, judges, data: { maxTokens = task.length + 1, ...data }, training, seed, threads }: TrainRewardOptions, { config }: OpenedTextRun): RewardConfig {
  const place = resolve(output);
  return {
    name: basename(place), directory: dirname(place), seed, model: { kind: "reward", judges, trunk: config.model },
    data: { task: task.name, run: resolve(path), ...data, maxTokens, separator: task.steps?.separator ?? null },
    training, engine: { kind: "onnx", ...(threads !== undefined && { threads }) },
  };
}

/** What was drawn cannot be gone on with under another description; how long it is learned from may change. */
async function requireSame(directory: RunDirectory, config: RewardConfig): Promise<void> {
  const found = await readRewardConfig(directory);
  const described = ({ data, model, seed }: RewardConfig): string => JSON.stringify([data, model, seed]);
  if (described(found) !== described(config)) throw new ThinkError(`${directory.path} began with another task, run or way of drawing attempts; go on with the command that it began with, or replace it with --overwrite.`);
  await directory.writeConfig(config);
}

async function drawAttempts(directory: RunDirectory, config: RewardConfig, run: OpenedTextRun, engine: Engine, options: TrainRewardOptions): Promise<Attempts> {
  const { task, signal, onProgress } = options;
  const { data: { problems, heldOut, samples, rollouts, temperature, maxTokens }, seed } = config;
  const sampler = new RunSampler(options.run, { ...run, ends: [run.tokenizer.endId] }, engine);
  try {
    const draw = async (split: Split, count: number): Promise<LabelledAttempt[]> => {
      const found: Problem[] = await task.problems(split, { seed, count });
      if (found.length === 0) return [];
      return labelledAttempts(task, found, sampler, formOf(config, run.tokenizer), {
        kind: config.model.judges, samples, rollouts, settings: { temperature, maxTokens }, seed, signal,
        onProgress: (what, done, of) => onProgress?.(`${what} at ${split} problems`, done, of),
      });
    };
    const attempts = { train: await draw("train", problems), validation: await draw("validation", heldOut), test: await draw("test", heldOut) };
    requireBothClasses(task, attempts);
    await writeAttempts(directory, attempts);
    return attempts;
  } finally {
    await sampler.dispose();
  }
}

function requireBothClasses({ name }: Task, { train, test }: Attempts): void {
  if (train.length === 0) throw new ThinkError(`${name} has no training problems here; ask for a task that has, for a reward model learns from attempts at them.`);
  if (test.length === 0) throw new ThinkError(`${name} has no test problems here; ask for a task that has, for a reward model is judged on attempts at them.`);
  const labels = train.flatMap((attempt) => attempt.labels);
  const [first] = labels;
  if (labels.some((label) => label !== first)) return;
  throw new ThinkError(`All ${train.length} attempts at training problems of ${name} are ${first === 1 ? "right" : first === 0 ? "wrong" : "labelled alike"}, so that there is nothing to tell apart; `
    + `take ${first === 1 ? "harder problems, a weaker model or a higher --temperature" : "easier problems or a better model"}.`);
}

async function learn(
  directory: RunDirectory, config: RewardConfig, run: OpenedTextRun, attempts: Attempts, engine: Engine, { signal, onEvent = () => undefined }: TrainRewardOptions,
): Promise<{ reason: StopReason; step: number }> {
  const form = formOf(config, run.tokenizer);
  const examplesOf = (some: readonly LabelledAttempt[]): Example[] => some.map(({ prompt, text, labels }) => ({ ...encodeAttempt(form, prompt, text, true), labels }));
  const [train, held] = [examplesOf(attempts.train), examplesOf(attempts.validation)];
  const batches = attemptBatches(train, config.training.batch, config.seed);
  const validation = held.length === 0 ? undefined : attemptBatches(held, config.training.batch);
  const training = trainerSettings(config.training, batches.batchesInEpoch(0));
  const model = buildRewardModel(config, run.tokenizer);
  const programs = await TrainingPrograms.compile(engine, rewardTask(model), { optimizer: training.optimizer, accumulate: false });
  const place = await latestCheckpoint(directory);
  const checkpoint = place && await loadCheckpoint(place.path);
  const log = await MetricsLog.open(directory.metricsFile, { resumeAt: checkpoint?.step ?? 0 });
  try {
    takeTrunk(programs, model, run);
    const trainer = new Trainer({
      config: { training, seed: config.seed }, programs, batches, validate: validation && (() => programs.evaluateAll(validation)), record: recordIn(directory, log, training),
      onEvent, signal, vocabulary: vocabularyFingerprint([run.tokenizer]), peakFlops: undefined,
    });
    if (checkpoint !== undefined) await trainer.restore(checkpoint);
    onEvent({
      kind: "started", directory: directory.path, parameters: model.parameters().reduce((sum, { size }) => sum + size, 0),
      amount: { training: tokensOf(train), validation: tokensOf(held), unit: "tokens" }, step: trainer.position.step, totalSteps: trainer.totalSteps,
    });
    return { reason: await trainer.run(), step: trainer.position.step };
  } finally {
    await log.close();
    await programs.dispose();
  }
}

function tokensOf(examples: readonly Example[]): number {
  return examples.reduce((sum, { tokens }) => sum + tokens.length, 0);
}

/** The trunk begins with the language model's weights. */
function takeTrunk({ state }: TrainingPrograms, { trunk }: RewardModel, { model, parameters }: OpenedTextRun): void {
  const known = new Set(trunk.parameters().map(({ name }) => name));
  for (const { name } of model.parameters()) {
    const values = parameters.get(name);
    if (values !== undefined && known.has(trunkName(name))) state.write(trunkName(name), values);
  }
}

async function reportOn(path: string, attempts: readonly LabelledAttempt[], engine: Engine): Promise<RewardReport> {
  const { scorer, config } = await openRewardRun(path, engine);
  try {
    return await judgeReward(scorer, config.model.judges, attempts);
  } finally {
    await scorer.dispose();
  }
}
