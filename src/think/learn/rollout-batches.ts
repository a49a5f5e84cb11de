import type { NumericArray } from "../../engines/engine.ts";
import { permutation } from "../../data/shuffle.ts";
import type { GrpoTrainingConfig } from "../../train/config/grpo.ts";
import type { Figures } from "../../train/step-programs.ts";
import type { BatchSource, TrainingBatch } from "../../train/training-task.ts";
import type { RewardedSample, Rollout } from "./rollout.ts";

/** −log p of each target, row by row, nats: of tokens and targets int32 [batch, time]. */
export type ScoreTokens = (tokens: NumericArray<Int32Array>, targets: NumericArray<Int32Array>) => Promise<Float32Array>;

export interface RolloutBatchesParts {
  readonly training: Pick<GrpoTrainingConfig, "problems" | "samples" | "epochs" | "minibatches" | "batch" | "normalize">;
  readonly maxTokens: number;
  readonly seed: number;
  draw(rollout: number): Promise<Rollout>;
  /** By the weights that draw, where others learn from it. */
  readonly old: ScoreTokens | undefined;
  /** By the model that the policy is to stay near. */
  readonly reference: ScoreTokens | undefined;
}

/** A sample with what other weights say of its tokens, from the prompt's last token on. */
interface ScoredSample extends RewardedSample {
  readonly old: Float32Array | undefined;
  readonly reference: Float32Array | undefined;
}

/** How many batches of a rollout one step adds up. */
export function batchesOfStep({ problems, samples, minibatches, batch }: RolloutBatchesParts["training"]): number {
  return Math.max(1, Math.ceil(Math.floor((problems * samples) / minibatches) / batch.sequences));
}

/** What is learned from: an epoch is a rollout, drawn by the weights as they are when its first batch is asked for. */
export class RolloutBatches implements BatchSource {
  #batches: readonly TrainingBatch[] = [];
  #figures: Figures = {};
  #taken = 0;

  constructor(private readonly parts: RolloutBatchesParts) {}

  /** Of the rollout that was drawn last. */
  get figures(): Figures {
    return this.#figures;
  }

  /** Whether all of the last rollout has been learned from. */
  get isOver(): boolean {
    return this.#taken === this.#batches.length;
  }

  batchesInEpoch(): number {
    const { training } = this.parts;
    return training.epochs * training.minibatches * batchesOfStep(training);
  }

  async batch(epoch: number, index: number): Promise<TrainingBatch> {
    if (index === 0) await this.#draw(epoch);
    const batch = this.#batches[index];
    if (batch === undefined || index !== this.#taken) throw new Error(`Batch ${index} of rollout ${epoch} was asked for; a rollout is learned from as a whole, in order.`);
    this.#taken++;
    return batch;
  }

  async #draw(rollout: number): Promise<void> {
    const { training, seed, draw } = this.parts;
    const { samples, figures } = await draw(rollout);
    const scored = await this.#score(samples);
    this.#figures = figures;
    this.#taken = 0;
    this.#batches = Array.from({ length: training.epochs }, (_, pass) => (
      partsOf(Array.from(permutation(scored.length, seed, rollout * training.epochs + pass)), training.minibatches)
        .flatMap((places) => this.#step(places.flatMap((place) => scored[place] ?? [])))
    )).flat();
  }

  /** Batches of one step, each of samples of about one length. */
  #step(samples: readonly ScoredSample[]): TrainingBatch[] {
    const { training, maxTokens } = this.parts;
    const total = samples.reduce((sum, sample) => sum + written(sample), 0);
    // The trainer divides by the tokens; each weight undoes that where something else is to be divided by.
    const weightOf = {
      tokens: () => 1,
      samples: (sample: RewardedSample) => total / (samples.length * written(sample)),
      constant: () => total / (samples.length * maxTokens),
    }[training.normalize];
    return partsOf(inOrderOfLength(samples), batchesOfStep(training)).map((part) => makeBatch(part, weightOf));
  }

  async #score(samples: readonly RewardedSample[]): Promise<ScoredSample[]> {
    const { old, reference, training: { batch } } = this.parts;
    const sorted = inOrderOfLength(samples);
    const scored = new Map<RewardedSample, ScoredSample>();
    for (let first = 0; first < sorted.length; first += batch.sequences) {
      const part = sorted.slice(first, first + batch.sequences);
      const [byOld, byReference] = [old && await scoreSamples(part, old), reference && await scoreSamples(part, reference)];
      part.forEach((sample, at) => scored.set(sample, { ...sample, old: byOld?.[at], reference: byReference?.[at] }));
    }
    return samples.flatMap((sample) => scored.get(sample) ?? []);
  }
}

/** Tokens of the model's own. */
function written({ tokens, promptLength }: RewardedSample): number {
  return tokens.length - promptLength;
}

function inOrderOfLength<Sample extends RewardedSample>(samples: readonly Sample[]): Sample[] {
  return [...samples].sort((a, b) => a.tokens.length - b.tokens.length);
}

/** A list in so many parts of about one size, in order. */
function partsOf<T>(list: readonly T[], parts: number): T[][] {
  const edge = (part: number): number => Math.round((part * list.length) / parts);
  return Array.from({ length: parts }, (_, part) => list.slice(edge(part), edge(part + 1)));
}

/** Log-probabilities of each sample's own tokens. */
async function scoreSamples(samples: readonly RewardedSample[], score: ScoreTokens): Promise<Float32Array[]> {
  const { tokens, targets } = tokenFeeds(samples);
  const [, time = 0] = tokens.shape;
  const losses = await score(tokens, targets);
  return samples.map((sample, row) => losses.slice(row * time + sample.promptLength - 1, row * time + sample.tokens.length - 1).map((loss) => -loss));
}

function makeBatch(samples: readonly ScoredSample[], weightOf: (sample: RewardedSample) => number): TrainingBatch {
  const { tokens, targets } = tokenFeeds(samples);
  const { shape } = tokens;
  /** Values of each sample's own tokens at the places from which they are predicted. */
  const perToken = (values: (sample: ScoredSample) => ArrayLike<number>): NumericArray<Float32Array> => {
    const data = new Float32Array(targets.data.length);
    samples.forEach((sample, row) => data.set(values(sample), row * (shape[1] ?? 0) + sample.promptLength - 1));
    return { data, shape };
  };
  const [first] = samples;
  const count = samples.reduce((sum, sample) => sum + written(sample), 0);
  return {
    feeds: {
      tokens, targets,
      weights: perToken((sample) => new Float32Array(written(sample)).fill(weightOf(sample))),
      advantages: { data: Float32Array.from(samples, ({ advantage }) => advantage), shape: [samples.length] },
      ...(first?.old && { old: perToken(({ old = [] }) => old) }), ...(first?.reference && { reference: perToken(({ reference = [] }) => reference) }),
    },
    tokens: samples.reduce((sum, sample) => sum + sample.tokens.length - 1, 0), targetTokens: count, sequences: samples.length,
  };
}

/** All tokens but the last, and the one after each; rows are filled up with zeros at their ends. */
function tokenFeeds(samples: readonly RewardedSample[]): { tokens: NumericArray<Int32Array>; targets: NumericArray<Int32Array> } {
  const time = Math.max(...samples.map(({ tokens }) => tokens.length - 1));
  const filled = (part: (tokens: Int32Array) => Int32Array): NumericArray<Int32Array> => {
    const data = new Int32Array(samples.length * time);
    samples.forEach((sample, row) => data.set(part(sample.tokens), row * time));
    return { data, shape: [samples.length, time] };
  };
  return { tokens: filled((tokens) => tokens.subarray(0, -1)), targets: filled((tokens) => tokens.subarray(1)) };
}
