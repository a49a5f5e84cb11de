import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { onnx } from "../../engines/onnx/engine.ts";
import { Tokenizer } from "../../text/tokenizer.ts";
import { markBest } from "../../train/checkpoint/list.ts";
import { loadModel, saveCheckpoint, type Checkpoint } from "../../train/checkpoint/checkpoint.ts";
import { resolveGrpo, resolveGrpoRun, type GrpoConfig, type GrpoInput, type GrpoRunConfig, type GrpoTrainingConfig } from "../../train/config/grpo.ts";
import type { Interval, TrainerSettings } from "../../train/config/config.ts";
import { MetricsLog } from "../../train/run/metrics-log.ts";
import { chooseCheckpoint, matchParameters, vocabularyFingerprint } from "../../train/run/open-run.ts";
import { openTextRun, type OpenedTextRun } from "../../train/run/open-text-run.ts";
import { RunDirectory } from "../../train/run/run-directory.ts";
import { recordIn, type RunRecord } from "../../train/run/run-record.ts";
import type { Judgement } from "../../train/step-programs.ts";
import type { TrainEvent } from "../../train/train-event.ts";
import { takeUp, type TrainOptions } from "../../train/train-task.ts";
import { Trainer, type StopReason } from "../../train/trainer.ts";
import { openTask } from "../tasks/open-task.ts";
import type { Task } from "../tasks/task.ts";
import { ThinkError } from "../think-error.ts";
import { compilePolicy } from "./policy.ts";
import { policyPrograms } from "./policy-programs.ts";
import { batchesOfStep } from "./rollout-batches.ts";

/** The checkpoint that holds what a run began with. */
const INITIAL = "initial";

const WHY_THE_LOSS_IS_SMALL = "The loss stays near zero whatever is learned, for the advantages of each group add up to zero: the gradient is taken of it, "
  + "but it measures no progress. The reward does, and the accuracy of greedy answers to validation problems.";

export interface GrpoOptions extends Pick<TrainOptions, "resume" | "overwrite" | "signal" | "onEvent" | "engine"> {
  /** What is to be solved, where it is not one of the tasks that have a name; `config.task` then only says what it is. */
  readonly task?: Task;
}

export interface GrpoRun {
  /** The run's folder. */
  readonly directory: string;
  readonly reason: StopReason;
  readonly step: number;
  /** The best validation: the share of problems that are solved by greedy answers. */
  readonly best: { readonly step: number; readonly accuracy: number } | undefined;
  /** Tokens that were learned from, prompts included, over the time of this call's steps, in which they are drawn too. */
  readonly tokensPerSecond: number;
}

/**
 * Lets a language model learn from rewards, and leaves it in a run directory.
 *
 *     const run = await trainGrpo(defineGrpo({ name: "countdown-grpo", task: "countdown", from: "runs/countdown", training: { kind: "grpo" } }));
 *
 * Throws ConfigError, ThinkError, RunDirectoryError, CheckpointError, or TrainingError where the loss or the gradient
 * stops being finite; what was saved before stays usable.
 */
export async function trainGrpo(input: GrpoInput | GrpoConfig | GrpoRunConfig, options: GrpoOptions = {}): Promise<GrpoRun> {
  const { resume = false, overwrite = false, onEvent = () => undefined } = options;
  const given = resolveGrpo(input);
  const task = options.task ?? openTask(given.task);
  if (resolve(given.directory, given.name) === resolve(given.from)) throw new ThinkError(`The run ${given.name} cannot begin with itself; give it another name.`);
  const origin = await openTextRun(given.from);
  const config = resolveGrpoRun({ ...given, model: origin.config.model });
  const directory = await RunDirectory.create(config, { resume, overwrite });
  return directory.during(async () => {
    const checkpoint = await takeUp(directory, config, () => directory.readGrpoConfig(), onEvent);
    const start = checkpoint === undefined ? await begin(directory, origin) : await goOn(directory, origin);
    return learn(directory, config, { ...start, checkpoint, task }, { ...options, onEvent });
  });
}

type Start = Pick<OpenedTextRun, "model" | "tokenizer"> & {
  /** Weights of the beginning, by name. */
  readonly initial: ReadonlyMap<string, Float32Array>;
};

/** Takes over tokenizer and weights, and keeps both. */
async function begin(directory: RunDirectory, { model, tokenizer, parameters, step }: OpenedTextRun): Promise<Start> {
  await writeFile(directory.tokenizerFile(), tokenizer.toJson());
  const weights = new Map(model.parameters().map(({ name, shape }) => [name, { dtype: "float32" as const, shape, data: parameters.get(name) ?? new Float32Array(0) }]));
  await saveCheckpoint(directory, step, { model: weights, optimizer: new Map(), state: { vocabulary: vocabularyFingerprint([tokenizer]) } }, { name: INITIAL });
  return { model, tokenizer, initial: parameters };
}

/** What was kept: the run that it came from may have changed since. */
async function goOn(directory: RunDirectory, { model }: OpenedTextRun): Promise<Start> {
  const place = await chooseCheckpoint(directory, INITIAL);
  return { model, tokenizer: await Tokenizer.load(directory.tokenizerFile()), initial: matchParameters(model, (await loadModel(place)).model, place) };
}

interface LearnParts extends Start {
  readonly checkpoint: Checkpoint | undefined;
  readonly task: Task;
}

async function learn(
  directory: RunDirectory, config: GrpoRunConfig, { checkpoint, ...parts }: LearnParts,
  { onEvent, signal, engine: given }: GrpoOptions & { readonly onEvent: (event: TrainEvent) => void },
): Promise<GrpoRun> {
  const { training, seed, engine: { threads } } = config;
  const problems = await parts.task.problems("validation", { seed, count: training.validationProblems });
  const policy = await compilePolicy({ ...parts, config }, given ?? onnx(threads === undefined ? {} : { threads }));
  const log = await MetricsLog.open(directory.metricsFile, { resumeAt: checkpoint?.step ?? 0 });
  try {
    const validate = (): Promise<Judgement> => policy.judge(problems);
    const record: RunRecord = {
      ...recordIn(directory, log, training), markBest: (step, wrong) => markBest(directory, step, { validationAccuracy: 1 - wrong }),
    };
    const trainer = new Trainer({
      config: { training: trainerSettings(training), seed }, programs: policyPrograms(policy.programs, policy.rollouts), batches: policy.rollouts,
      validate, record, onEvent, signal, vocabulary: vocabularyFingerprint([parts.tokenizer]), peakFlops: undefined,
    });
    if (checkpoint !== undefined) await trainer.restore(checkpoint);
    onEvent({
      kind: "started", directory: directory.path, parameters: parts.model.parameters().reduce((sum, { size }) => sum + size, 0),
      amount: { training: training.problems * rolloutsOf(training.steps, training), validation: problems.length, unit: "problems" },
      step: trainer.position.step, totalSteps: trainer.totalSteps,
    });
    onEvent({ kind: "notice", message: WHY_THE_LOSS_IS_SMALL });
    if (checkpoint === undefined) await judgeBeginning(validate, record, onEvent);
    const seen = trainer.position.seenTokens;
    const reason = await trainer.run();
    const { step, best, seenTokens } = trainer.position;
    return {
      directory: directory.path, reason, step, best: best && { step: best.step, accuracy: 1 - best.loss },
      tokensPerSecond: seenTokens === seen ? 0 : (seenTokens - seen) / trainer.stepSeconds,
    };
  } finally {
    await log.close();
    await policy.dispose();
  }
}

/** So that what is gained shows. */
async function judgeBeginning(validate: () => Promise<Judgement>, record: RunRecord, onEvent: (event: TrainEvent) => void): Promise<void> {
  const { loss, targetTokens, figures } = await validate();
  await record.append({ step: 0, ...figures });
  onEvent({ kind: "validation", step: 0, epoch: 0, loss: loss / targetTokens, perplexity: Math.exp(loss / targetTokens), improved: false, figures });
}

/** What a trainer goes by whose epochs are rollouts. Intervals that end within a rollout go on to its end. */
function trainerSettings(training: GrpoTrainingConfig): TrainerSettings {
  const { steps, optimizer, schedule, clipNorm, validateEvery, checkpointEvery, keepLast, logEvery } = training;
  const interval = (every: { readonly steps: number }): Interval => ({ epochs: rolloutsOf(every.steps, training) });
  return {
    epochs: rolloutsOf(steps, training), accumulate: batchesOfStep(training), optimizer, schedule, clipNorm, keepLast, logEvery,
    validateEvery: interval(validateEvery), checkpointEvery: interval(checkpointEvery), lossSpikes: null, mfu: false, normalize: "tokens",
  };
}

/** As many as are begun in so many steps. */
function rolloutsOf(steps: number, { epochs, minibatches }: Pick<GrpoTrainingConfig, "epochs" | "minibatches">): number {
  return Math.ceil(steps / (epochs * minibatches));
}
