import { setImmediate } from "node:timers/promises";
import { hash32 } from "../data/shuffle.ts";
import { learningRate } from "../optim/schedules.ts";
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import { initialPosition, parsePosition, type Position } from "./checkpoint/position.ts";
import type { Interval, TrainerSettings } from "./config/config.ts";
import { watchLoss } from "./loss-spikes.ts";
import { requireVocabulary } from "./run/open-run.ts";
import type { RunRecord } from "./run/run-record.ts";
import type { Figures, Judgement, SeededBatch, StepPrograms } from "./step-programs.ts";
import type { TrainEvent } from "./train-event.ts";
import type { BatchSource } from "./training-task.ts";

/** Training cannot go on. */
export class TrainingError extends Error {
  override readonly name = "TrainingError";
}

export type StopReason = "finished" | "no improvement" | "interrupted";

export interface TrainerParts {
  readonly config: { readonly training: TrainerSettings; readonly seed: number };
  readonly programs: Omit<StepPrograms, "evaluateAll">;
  readonly batches: BatchSource;
  /** Judges the weights on what was held out, where something was. */
  readonly validate: (() => Promise<Judgement>) | undefined;
  /** Judges them on the rest of it, right after that, where validations look at a part. */
  readonly validateRest?: (() => Promise<Judgement>) | undefined;
  readonly record: RunRecord;
  readonly onEvent: (event: TrainEvent) => void;
  readonly signal: AbortSignal | undefined;
  /** Fingerprint of the vocabularies, for checkpoints to carry. */
  readonly vocabulary: string;
  /** Floating-point operations a second that the engine can do, where the log is to say which share training does. */
  readonly peakFlops: number | undefined;
}

/** What has been seen since the last line of the log. */
interface Window {
  steps: number;
  loss: number;
  targetTokens: number;
  tokens: number;
  flops: number;
  started: number;
  /** Sums over steps. */
  readonly figures: Map<string, number>;
}

/** The training loop: steps, validations, checkpoints, and when to stop. */
export class Trainer {
  readonly #parts: TrainerParts;
  readonly #totalBatches: number;
  #position: Position = initialPosition;
  #window: Window = emptyWindow();
  #saved = -1;
  #stepMilliseconds = 0;

  constructor(parts: TrainerParts) {
    this.#parts = parts;
    this.#totalBatches = countBatches(parts);
  }

  get position(): Position {
    return this.#position;
  }

  /** Time that training steps have taken, without validations and checkpoints. */
  get stepSeconds(): number {
    return this.#stepMilliseconds / 1000;
  }

  get totalSteps(): number {
    return Math.max(1, Math.floor(this.#totalBatches / this.#parts.config.training.accumulate));
  }

  /** Continues exactly where a checkpoint was taken. */
  async restore(checkpoint: Checkpoint): Promise<void> {
    const { programs, vocabulary } = this.#parts;
    requireVocabulary(checkpoint, vocabulary);
    await programs.restore(checkpoint);
    this.#position = parsePosition(checkpoint.state);
    this.#saved = this.#position.step;
  }

  /** Trains to the end, or until the signal is aborted; either way the last state is saved. */
  async run(): Promise<StopReason> {
    this.#window = emptyWindow();
    await this.#remarkBest();
    if (this.#isOutOfPatience()) return "no improvement";
    while (this.#position.step < this.totalSteps) {
      if (await this.#parts.programs.agree(this.#parts.signal?.aborted === true)) {
        await this.#checkpoint();
        return "interrupted";
      }
      const before = this.#position;
      const started = performance.now();
      await this.#step();
      this.#stepMilliseconds += performance.now() - started;
      if (this.#isDue(this.#parts.config.training.validateEvery, before) && await this.#validate()) {
        await this.#checkpoint();
        return "no improvement";
      }
      if (this.#isDue(this.#parts.config.training.checkpointEvery, before)) await this.#checkpoint();
      // The engine computes on this thread: let signals and timers in between two steps.
      await setImmediate();
    }
    if (this.#position.validatedStep !== this.#position.step) await this.#validate();
    await this.#checkpoint();
    return "finished";
  }

  /** A kill may have come between the best checkpoint and its mark. */
  async #remarkBest(): Promise<void> {
    const { step, best } = this.#position;
    if (best?.step === step && this.#saved === step) await this.#parts.record.markBest(step, best.loss);
  }

  async #step(): Promise<void> {
    const { config: { training, seed }, programs, batches } = this.#parts;
    const { step } = this.#position;
    let { epoch, index } = this.#position;
    let [tokens, targetTokens, sequences, flops] = [0, 0, 0, 0];
    const taken: SeededBatch[] = [];
    for (let micro = 0; micro < training.accumulate; micro++) {
      const batch = await batches.batch(epoch, index);
      taken.push({ batch, seed: hash32(seed, step, micro) });
      targetTokens += batch.targetTokens;
      tokens += batch.tokens;
      sequences += batch.sequences;
      flops += programs.flops(batch);
      index++;
      if (index >= batches.batchesInEpoch(epoch)) [epoch, index] = [epoch + 1, 0];
    }
    const { loss, squaredNorm, figures = {} } = await programs.gradient(taken);
    const average = 1 / (training.normalize === "sentences" ? sequences : targetTokens);
    const norm = Math.sqrt(squaredNorm) * average;
    if (!Number.isFinite(loss)) this.#stopDiverged(step + 1, `loss is ${loss}`);
    if (!Number.isFinite(norm)) this.#stopDiverged(step + 1, `gradient norm is ${norm}`);
    const rate = learningRate(training.schedule, training.optimizer.learningRate, {
      step, totalSteps: this.totalSteps, epoch: this.#epochs(), reductions: this.#position.reductions,
    });
    const clip = training.clipNorm !== null && norm > training.clipNorm ? training.clipNorm / norm : 1;
    await programs.apply(average * clip, rate, averageDecay(training.average, step));

    await this.#watch(loss / targetTokens);
    this.#position = {
      ...this.#position, step: step + 1, epoch, index, seenTokens: this.#position.seenTokens + tokens,
    };
    this.#window.steps++;
    this.#window.loss += loss;
    this.#window.targetTokens += targetTokens;
    this.#window.tokens += tokens;
    this.#window.flops += flops;
    for (const [name, figure] of Object.entries(figures)) this.#window.figures.set(name, (this.#window.figures.get(name) ?? 0) + figure);
    await this.#report(rate, norm);
  }

  /** Remembers the loss of the step that was just taken, before the position moves on, and reports it where it jumped. */
  async #watch(loss: number): Promise<void> {
    const { config: { training: { lossSpikes } }, record, onEvent } = this.#parts;
    const { step, epoch, index, losses } = this.#position;
    const watched = lossSpikes === null ? undefined : watchLoss(losses, loss, lossSpikes);
    this.#position = { ...this.#position, losses: watched?.history };
    if (watched?.spike === undefined) return;
    const { mean, deviation } = watched.spike;
    await record.append({ step: step + 1, lossSpike: { loss, mean, deviation, epoch, index } });
    onEvent({
      kind: "notice",
      message: `Step ${step + 1}: the loss jumped to ${loss.toFixed(3)}, from ${mean.toFixed(3)} ± ${deviation.toFixed(3)} in the steps before; `
        + `its data begins with batch ${index} of epoch ${epoch}, both counted from 0.`,
    });
  }

  async #report(rate: number, gradientNorm: number): Promise<void> {
    const { config: { training }, record, onEvent, peakFlops } = this.#parts;
    const { step } = this.#position;
    const seconds = (performance.now() - this.#window.started) / 1000;
    const loss = this.#window.loss / this.#window.targetTokens;
    const speed = {
      tokensPerSecond: this.#window.tokens / seconds,
      ...(peakFlops !== undefined && { mfu: this.#window.flops / seconds / peakFlops }),
    };
    const figures: Figures = Object.fromEntries(Array.from(this.#window.figures, ([name, sum]) => [name, sum / this.#window.steps]));
    const secondsLeft = ((this.totalSteps - step) * seconds) / this.#window.steps;
    onEvent({
      kind: "progress", step, totalSteps: this.totalSteps, epoch: this.#epochs(), loss, learningRate: rate,
      gradientNorm, ...speed, secondsLeft, figures,
    });
    if (step % training.logEvery !== 0 && step !== this.totalSteps) return;
    await record.append({ step, epoch: this.#epochs(), loss, ...figures, learningRate: rate, gradientNorm, ...speed });
    this.#window = emptyWindow();
  }

  /** Judges on what was held out; true when training should stop. */
  async #validate(): Promise<boolean> {
    const { config: { training }, validate, record, onEvent } = this.#parts;
    if (validate === undefined) return false;
    const paused = performance.now();
    const { loss, targetTokens, figures } = await validate();
    const perToken = loss / targetTokens;
    if (!Number.isFinite(perToken)) this.#stopDiverged(this.#position.step, `validation loss is ${perToken}`);
    const { step, best } = this.#position;
    const improved = best === undefined || perToken < best.loss;
    const staleValidations = improved ? 0 : this.#position.staleValidations + 1;
    const { schedule } = training;
    const reduces = !improved && schedule.kind === "plateau" && staleValidations % schedule.patience === 0;
    this.#position = {
      ...this.#position, validatedStep: step, staleValidations,
      best: improved ? { step, loss: perToken } : best,
      reductions: this.#position.reductions + Number(reduces),
    };
    const whole = await this.#judgeWhole({ loss, targetTokens });
    await record.append({ step, ...(figures ?? { validationLoss: perToken, validationPerplexity: Math.exp(perToken) }), ...whole });
    onEvent({ kind: "validation", step, epoch: this.#epochs(), loss: perToken, perplexity: Math.exp(perToken), improved, figures, ...whole });
    this.#window.started += performance.now() - paused;
    if (improved) {
      await this.#checkpoint();
      await record.markBest(step, perToken);
    }
    return this.#isOutOfPatience();
  }

  /** Where validations look at a part, the last one goes on with the rest. */
  async #judgeWhole(part: Judgement): Promise<{ wholeLoss?: number }> {
    const { validateRest } = this.#parts;
    const { step } = this.#position;
    if (validateRest === undefined) {
      this.#position = { ...this.#position, whole: { step, loss: part.loss / part.targetTokens } };
      return {};
    }
    if (step < this.totalSteps && !this.#isOutOfPatience()) return {};
    const rest = await validateRest();
    const wholeLoss = (part.loss + rest.loss) / (part.targetTokens + rest.targetTokens);
    this.#position = { ...this.#position, whole: { step, loss: wholeLoss } };
    return { wholeLoss };
  }

  #isOutOfPatience(): boolean {
    const { patience } = this.#parts.config.training;
    return patience !== undefined && this.#position.staleValidations >= patience;
  }

  async #checkpoint(): Promise<void> {
    if (this.#saved === this.#position.step) return;
    const { programs, record, onEvent, vocabulary } = this.#parts;
    // The last update may have broken what the loss before it did not show; such weights are never saved.
    const broken = await programs.brokenParameter();
    if (broken !== undefined) this.#stopDiverged(this.#position.step, `update left "${broken}" with numbers that are not finite`);
    const paused = performance.now();
    const path = await record.save(this.#position.step, { ...await programs.save(), state: { position: this.#position, vocabulary } });
    this.#saved = this.#position.step;
    this.#window.started += performance.now() - paused;
    onEvent({ kind: "checkpoint", step: this.#position.step, path });
  }

  #stopDiverged(step: number, what: string): never {
    const kept = this.#saved > 0 ? `The checkpoint of step ${this.#saved} is kept` : "No checkpoint had been written yet";
    throw new TrainingError(`Training diverged: at step ${step} the ${what}. ${kept}; `
      + "lower training.optimizer.learningRate or training.clipNorm and go on from there.");
  }

  /** Passes over the data so far. */
  #epochs(position: Position = this.#position): number {
    return position.epoch + position.index / this.#parts.batches.batchesInEpoch(position.epoch);
  }

  /** Whether an interval ended during the last step. */
  #isDue(interval: Interval, before: Position): boolean {
    if ("steps" in interval) return this.#position.step % interval.steps === 0;
    return Math.floor(this.#epochs() / interval.epochs + 1e-9) > Math.floor(this.#epochs(before) / interval.epochs + 1e-9);
  }
}

function emptyWindow(): Window {
  return { steps: 0, loss: 0, targetTokens: 0, tokens: 0, flops: 0, started: performance.now(), figures: new Map() };
}

/** Less in the first steps, so that the average soon forgets the initial weights (as TensorFlow's ExponentialMovingAverage does). */
function averageDecay(average: TrainerSettings["average"], step: number): number | undefined {
  return average && Math.min(average.decay, (1 + step) / (10 + step));
}

/** Batches of the whole training. */
function countBatches({ config: { training }, batches }: TrainerParts): number {
  if (training.steps !== undefined) return training.steps * training.accumulate;
  const epochs = training.epochs ?? 0;
  let total = 0;
  for (let epoch = 0; epoch < Math.floor(epochs); epoch++) total += batches.batchesInEpoch(epoch);
  const rest = epochs - Math.floor(epochs);
  return rest === 0 ? total : total + Math.round(rest * batches.batchesInEpoch(Math.floor(epochs)));
}
