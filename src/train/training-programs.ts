import type { Engine, Executable } from "../engines/engine.ts";
import type { StateStore } from "../engines/state-store.ts";
import { gradients } from "../graph/gradients.ts";
import { float32, int32 } from "../graph/program.ts";
import type { StateVariable } from "../graph/state.ts";
import type { Tensor } from "../graph/tensor.ts";
import { adam, adamw, sgd, type Optimizer } from "../optim/index.ts";
import { ownVariable, read } from "../optim/optimizer.ts";
import type { OptimizerConfig } from "./config.ts";
import type { TrainingBatch, TrainingTask } from "./training-task.ts";

const GRADIENT = "gradient.";

/** What a batch contributes to a step. */
export interface BatchResult {
  /** Sum over target tokens, nats. */
  readonly loss: number;
  /** Squared Euclidean norm of the gradient that has been summed so far. */
  readonly squaredNorm: number;
}

/**
 * The compiled halves of an optimiser step, on one state: first loss and gradients, into buffers that stay in the
 * engine, then the update. Between the two the trainer looks at the loss and the gradient's norm, so that a number
 * that is not finite stops training before any weight changes.
 */
export class TrainingPrograms {
  readonly state: StateStore;
  readonly #gradient: Executable;
  readonly #accumulate: Executable | undefined;
  readonly #apply: Executable;
  readonly #evaluate: Executable;

  private constructor(
    state: StateStore, gradient: Executable, accumulate: Executable | undefined, apply: Executable, evaluate: Executable,
  ) {
    this.state = state;
    this.#gradient = gradient;
    this.#accumulate = accumulate;
    this.#apply = apply;
    this.#evaluate = evaluate;
  }

  static async compile(
    engine: Engine, task: TrainingTask, options: { optimizer: OptimizerConfig; accumulate: boolean },
  ): Promise<TrainingPrograms> {
    const state = engine.createState();
    const parameters = task.model.parameters();
    const buffers = parameters.map((parameter) => ownVariable(`${GRADIENT}${parameter.name}`, parameter.shape));
    const compileGradient = (adding: boolean): Promise<Executable> => engine.compile(
      { ...task.signature, seed: int32() },
      ({ seed, ...batch }) => {
        const { loss, updates = [] } = task.trainingLoss(batch, seed);
        const slopes = gradients(loss, parameters.map(({ tensor }) => tensor));
        const sums = slopes.map((slope, at) => (adding ? read(variableAt(buffers, at)).add(slope) : slope));
        return { loss, squaredNorm: squaredNorm(sums), updates: [...updates, ...sums.map((value, at) => ({ variable: variableAt(buffers, at), value }))] };
      },
      { state },
    );
    const optimizer = makeOptimizer(options.optimizer);
    const apply = await engine.compile({ scale: float32(), learningRate: float32() }, ({ scale, learningRate }) => ({
      updates: optimizer.update(
        parameters.map((variable, at) => ({ variable, gradient: read(variableAt(buffers, at)), scale })), learningRate),
    }), { state });
    const evaluate = await engine.compile(task.validationSignature, (batch) => {
      const { negativeLogLikelihoods, updates = [] } = task.validationLoss(batch);
      return { negativeLogLikelihoods, updates };
    }, { state });
    return new TrainingPrograms(
      state, await compileGradient(false), options.accumulate ? await compileGradient(true) : undefined, apply, evaluate);
  }

  /** Computes the gradient of a batch's summed loss, adding it to what is there unless `first`. */
  async addGradient({ feeds }: TrainingBatch, seed: number, first: boolean): Promise<BatchResult> {
    const program = first ? this.#gradient : this.#accumulate ?? fail();
    const { loss, squaredNorm: norm } = await program.run({
      ...feeds, seed: { data: Int32Array.of(seed | 0), shape: [] },
    });
    return { loss: Number(loss?.data[0]), squaredNorm: Number(norm?.data[0]) };
  }

  /** Moves the weights along the gradient, times `scale`. */
  async apply(scale: number, learningRate: number): Promise<void> {
    await this.#apply.run({ scale: scalar(scale), learningRate: scalar(learningRate) });
  }

  /** -log p of each sequence's targets, nats. */
  async evaluate({ feeds }: TrainingBatch): Promise<Float32Array> {
    const { negativeLogLikelihoods } = await this.#evaluate.run(feeds);
    const data = negativeLogLikelihoods?.data;
    return data instanceof Float32Array ? data : Float32Array.from(data ?? []);
  }

  /** Variables that a checkpoint's optimizer file holds: all but the parameters and the gradients. */
  optimizerVariables(parameters: ReadonlySet<string>): StateVariable[] {
    return this.state.names
      .filter((name) => !name.startsWith(GRADIENT) && !parameters.has(name))
      .map((name) => this.state.variable(name));
  }

  async dispose(): Promise<void> {
    for (const program of [this.#gradient, this.#accumulate, this.#apply, this.#evaluate]) await program?.dispose();
  }
}

function variableAt(variables: readonly StateVariable[], at: number): StateVariable {
  return variables[at] ?? fail();
}

function fail(): never {
  throw new Error("The training programs lack a part that was asked for.");
}

function scalar(value: number): { data: Float32Array; shape: [] } {
  return { data: Float32Array.of(value), shape: [] };
}

function squaredNorm(tensors: readonly Tensor[]): Tensor {
  return tensors.map((tensor) => tensor.square().sum()).reduce((sum, square) => sum.add(square));
}

function makeOptimizer(config: OptimizerConfig): Optimizer {
  switch (config.kind) {
    case "sgd":
      return sgd(config);
    case "adam":
      return adam(config);
    case "adamw":
      return adamw(config);
    default:
      return config satisfies never;
  }
}
