import { bindDimensions } from "../engines/dimensions.ts";
import type { Engine, Executable } from "../engines/engine.ts";
import type { StateStore } from "../engines/state-store.ts";
import { dimensionValue, multiplyDims, type Dim } from "../graph/dimension.ts";
import { flops } from "../graph/flops.ts";
import { gradients } from "../graph/gradients.ts";
import { int32 } from "../graph/program.ts";
import type { Tensor } from "../graph/tensor.ts";
import { read } from "../optim/optimizer.ts";
import type { Checkpoint } from "./checkpoint/checkpoint.ts";
import type { BatchResult, SavedTensors, SeededBatch, StepPrograms } from "./step-programs.ts";
import { restoreTensors, savedTensors } from "./training-state.ts";
import type { BatchSource, TrainingBatch, TrainingTask } from "./training-task.ts";
import { averageName, gradientVariable, UpdateProgram, type UpdateOptions } from "./update-program.ts";

/** Under which names a program gives a task's figures. */
const FIGURE = "figure.";

/** A backward pass multiplies twice for each product of the forward pass: once by each operand. */
const PASSES = 3;

/** Floating-point operations of a loss and its gradient. */
export function trainingFlops(loss: Tensor): Dim {
  return multiplyDims(PASSES, flops([loss]));
}

/** What the programs of one process are made of. */
interface Parts {
  readonly state: StateStore;
  readonly task: TrainingTask;
  readonly averages: boolean;
  readonly first: Executable;
  readonly further: Executable | undefined;
  readonly update: UpdateProgram;
  readonly evaluate: Executable;
  readonly flops: Dim;
}

/**
 * The compiled halves of an optimiser step, on one state: first loss and gradients, into buffers that stay in the
 * engine, then the update. Between the two the trainer looks at the loss and the gradient's norm, so that a number
 * that is not finite stops training before any weight changes.
 */
export class TrainingPrograms implements StepPrograms {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  static async compile(
    engine: Engine, task: TrainingTask, { accumulate, averages = false, optimizer }: Omit<UpdateOptions, "averages"> & { accumulate: boolean; averages?: boolean },
  ): Promise<TrainingPrograms> {
    const state = engine.createState();
    const parameters = task.model.parameters();
    const buffers = parameters.map(gradientVariable);
    let count: Dim = 0;
    const compileGradient = (adding: boolean): Promise<Executable> => engine.compile(
      { ...task.signature, seed: int32() },
      ({ seed, ...batch }) => {
        const { loss, updates = [], figures = {} } = task.trainingLoss(batch, seed);
        count = trainingFlops(loss);
        const slopes = gradients(loss, parameters.map(({ tensor }) => tensor));
        const sums = buffers.map((variable, at) => {
          const slope = slopes[at] ?? fail();
          return { variable, value: adding ? read(variable).add(slope) : slope };
        });
        const told = Object.fromEntries(Object.entries(figures).map(([name, figure]) => [`${FIGURE}${name}`, figure]));
        return { ...told, loss, squaredNorm: squaredNorm(sums.map(({ value }) => value)), updates: [...updates, ...sums] };
      },
      { state },
    );
    const update = await UpdateProgram.compile(engine, state, task.model, parameters, { optimizer, averages });
    const evaluate = await engine.compile(task.validationSignature, (batch) => {
      const { negativeLogLikelihoods, updates = [] } = task.validationLoss(batch);
      return { negativeLogLikelihoods, updates };
    }, { state });
    const first = await compileGradient(false);
    return new TrainingPrograms({
      state, task, averages, first, further: accumulate ? await compileGradient(true) : undefined, update, evaluate,
      flops: count,
    });
  }

  get state(): StateStore {
    return this.#parts.state;
  }

  /**
   * Floating-point operations that a batch's loss and gradient take: those of the forward pass's matrix products
   * (`flops`) and of two products in the backward pass for each. What the backward pass computes a second time does not
   * count (Chowdhery et al. 2022, appendix B).
   */
  flops({ feeds }: TrainingBatch): number {
    return dimensionValue(this.#parts.flops, bindDimensions(this.#parts.task.signature, feeds));
  }

  async gradient(batches: readonly SeededBatch[]): Promise<BatchResult> {
    let [sum, squares] = [0, 0];
    const targetTokens = batches.reduce((total, { batch }) => total + batch.targetTokens, 0);
    const means: Record<string, number> = {};
    for (const [at, { batch, seed }] of batches.entries()) {
      const { loss, squaredNorm: norm, figures = {} } = await this.addGradient(batch, seed, at === 0);
      sum += loss;
      squares = norm;
      for (const [name, figure] of Object.entries(figures)) means[name] = (means[name] ?? 0) + figure / targetTokens;
    }
    return { loss: sum, squaredNorm: squares, figures: means };
  }

  /** Computes the gradient of a batch's summed loss, adding it to what is there unless `first`; the norm is that of the sum. Figures are sums. */
  async addGradient({ feeds }: TrainingBatch, seed: number, isFirst: boolean): Promise<BatchResult> {
    const program = isFirst ? this.#parts.first : this.#parts.further ?? fail();
    const { loss, squaredNorm: norm, ...told } = await program.run({
      ...feeds, seed: { data: Int32Array.of(seed | 0), shape: [] },
    });
    const figures = Object.fromEntries(Object.entries(told).map(([name, array]) => [name.slice(FIGURE.length), Number(array.data[0])]));
    return { loss: Number(loss?.data[0]), squaredNorm: Number(norm?.data[0]), figures };
  }

  async apply(scale: number, learningRate: number, averageDecay = 1): Promise<void> {
    await this.#parts.update.run(scale, learningRate, averageDecay);
  }

  async evaluateAll(batches: BatchSource): Promise<{ loss: number; targetTokens: number }> {
    let [loss, targetTokens] = [0, 0];
    for (let index = 0; index < batches.batchesInEpoch(0); index++) {
      const batch = await batches.batch(0, index);
      for (const likelihood of await this.evaluate(batch)) loss += likelihood;
      targetTokens += batch.targetTokens;
    }
    return { loss, targetTokens };
  }

  /** -log p as the task's validation gives it, nats. */
  async evaluate({ feeds }: Pick<TrainingBatch, "feeds">): Promise<Float32Array> {
    this.#exchangeAverages();
    try {
      const { negativeLogLikelihoods } = await this.#parts.evaluate.run(feeds);
      const data = negativeLogLikelihoods?.data;
      return data instanceof Float32Array ? data : Float32Array.from(data ?? []);
    } finally {
      this.#exchangeAverages();
    }
  }

  async agree(stop: boolean): Promise<boolean> {
    return stop;
  }

  async brokenParameter(): Promise<string | undefined> {
    const { task, state } = this.#parts;
    return task.model.parameters().find(({ name }) => !state.read(name).every(Number.isFinite))?.name;
  }

  async save(): Promise<SavedTensors> {
    const { task: { model }, state, update, averages } = this.#parts;
    return savedTensors(model, state, update.optimizerVariables(), averages);
  }

  async restore(checkpoint: Checkpoint): Promise<void> {
    const { task: { model }, state, update, averages } = this.#parts;
    restoreTensors(model, state, update.optimizerVariables(), averages, checkpoint);
  }

  /** The averages take the place of the weights, and the other way round. */
  #exchangeAverages(): void {
    const { task: { model }, state, averages } = this.#parts;
    if (!averages) return;
    for (const { name } of model.parameters()) {
      const average = state.read(averageName(name));
      state.exchange(averageName(name), state.exchange(name, average));
    }
  }

  async dispose(): Promise<void> {
    const { first, further, update, evaluate } = this.#parts;
    for (const program of [first, further, update, evaluate]) await program?.dispose();
  }
}

function fail(): never {
  throw new Error("The training programs lack a part that was asked for.");
}

function squaredNorm(tensors: readonly Tensor[]): Tensor {
  return tensors.map((tensor) => tensor.square().sum()).reduce((sum, square) => sum.add(square));
}
