import { bindDimensions } from "../engines/dimensions.ts";
import type { Engine, Executable } from "../engines/engine.ts";
import type { StateStore } from "../engines/state-store.ts";
import { dimensionValue, multiplyDims, type Dim } from "../graph/dimension.ts";
import { flops } from "../graph/flops.ts";
import { gradients } from "../graph/gradients.ts";
import { float32, int32, type Signature, type StateUpdate } from "../graph/program.ts";
import type { StateVariable } from "../graph/state.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Module, Parameter } from "../nn/module.ts";
import { adam, adamw, hiddenMatrices, muon, sgd, type Optimizer } from "../optim/index.ts";
import { ownVariable, read } from "../optim/optimizer.ts";
import { inPieces } from "../optim/pieces.ts";
import type { OptimizerConfig } from "./config.ts";
import type { TrainingBatch, TrainingTask } from "./training-task.ts";

const GRADIENT = "gradient.";
const AVERAGE = "average.";

/** The state that holds the moving average of a parameter. */
export function averageName(parameter: string): string {
  return `${AVERAGE}${parameter}`;
}

/** A backward pass multiplies twice for each product of the forward pass: once by each operand. */
const PASSES = 3;

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
  /** Whether a moving average of the weights is kept; `evaluate` then goes by it. */
  readonly averages: boolean;
  readonly #parameters: readonly Parameter[];
  readonly #gradient: Executable;
  readonly #accumulate: Executable | undefined;
  readonly #apply: Executable;
  readonly #evaluate: Executable;
  readonly #signature: Signature;
  readonly #flops: Dim;

  private constructor(
    parameters: readonly Parameter[], averages: boolean,
    { state, gradient, accumulate, apply, evaluate }: {
      state: StateStore; gradient: Executable; accumulate: Executable | undefined; apply: Executable; evaluate: Executable;
    },
    work: { readonly signature: Signature; readonly flops: Dim },
  ) {
    this.state = state;
    this.averages = averages;
    this.#signature = work.signature;
    this.#flops = work.flops;
    this.#parameters = parameters;
    this.#gradient = gradient;
    this.#accumulate = accumulate;
    this.#apply = apply;
    this.#evaluate = evaluate;
  }

  static async compile(
    engine: Engine, task: TrainingTask, options: { optimizer: OptimizerConfig; accumulate: boolean; averages?: boolean },
  ): Promise<TrainingPrograms> {
    const state = engine.createState();
    const { accumulate, averages = false } = options;
    const parameters = task.model.parameters();
    const buffers = parameters.map((parameter) => ownVariable(`${GRADIENT}${parameter.name}`, parameter.shape));
    let forwardFlops: Dim = 0;
    const compileGradient = (adding: boolean): Promise<Executable> => engine.compile(
      { ...task.signature, seed: int32() },
      ({ seed, ...batch }) => {
        const { loss, updates = [] } = task.trainingLoss(batch, seed);
        forwardFlops = flops([loss]);
        const slopes = gradients(loss, parameters.map(({ tensor }) => tensor));
        const sums = slopes.map((slope, at) => (adding ? read(variableAt(buffers, at)).add(slope) : slope));
        return { loss, squaredNorm: squaredNorm(sums), updates: [...updates, ...sums.map((value, at) => ({ variable: variableAt(buffers, at), value }))] };
      },
      { state },
    );
    const optimizer = makeOptimizer(options.optimizer, task.model);
    const update = ({ scale, learningRate }: { scale: Tensor; learningRate: Tensor }): StateUpdate[] => optimizer.update(
      parameters.map((variable, at) => ({ variable, gradient: read(variableAt(buffers, at)), scale })), learningRate);
    const rates = { scale: float32(), learningRate: float32() };
    const apply = averages
      ? await engine.compile({ ...rates, averageDecay: float32() }, ({ averageDecay, ...fed }) => ({ updates: withAverages(update(fed), parameters, averageDecay) }), { state })
      : await engine.compile(rates, (fed) => ({ updates: update(fed) }), { state });
    const evaluate = await engine.compile(task.validationSignature, (batch) => {
      const { negativeLogLikelihoods, updates = [] } = task.validationLoss(batch);
      return { negativeLogLikelihoods, updates };
    }, { state });
    const gradient = await compileGradient(false);
    return new TrainingPrograms(parameters, averages, {
      state, gradient, accumulate: accumulate ? await compileGradient(true) : undefined, apply, evaluate,
    }, { signature: task.signature, flops: multiplyDims(PASSES, forwardFlops) });
  }

  /**
   * Floating-point operations that a batch's loss and gradient take: those of the forward pass's matrix products
   * (`flops`) and of two products in the backward pass for each. What the backward pass computes a second time does not
   * count (Chowdhery et al. 2022, appendix B).
   */
  flops({ feeds }: TrainingBatch): number {
    return dimensionValue(this.#flops, bindDimensions(this.#signature, feeds));
  }

  /** Computes the gradient of a batch's summed loss, adding it to what is there unless `first`. */
  async addGradient({ feeds }: TrainingBatch, seed: number, first: boolean): Promise<BatchResult> {
    const program = first ? this.#gradient : this.#accumulate ?? fail();
    const { loss, squaredNorm: norm } = await program.run({
      ...feeds, seed: { data: Int32Array.of(seed | 0), shape: [] },
    });
    return { loss: Number(loss?.data[0]), squaredNorm: Number(norm?.data[0]) };
  }

  /** Moves the weights along the gradient, times `scale`. `averageDecay`, where there are averages, is the share of them that stays. */
  async apply(scale: number, learningRate: number, averageDecay = 1): Promise<void> {
    await this.#apply.run({
      scale: scalar(scale), learningRate: scalar(learningRate), ...(this.averages && { averageDecay: scalar(averageDecay) }),
    });
  }

  /** -log p of each sequence's targets, nats. */
  async evaluate({ feeds }: TrainingBatch): Promise<Float32Array> {
    this.#exchangeAverages();
    try {
      const { negativeLogLikelihoods } = await this.#evaluate.run(feeds);
      const data = negativeLogLikelihoods?.data;
      return data instanceof Float32Array ? data : Float32Array.from(data ?? []);
    } finally {
      this.#exchangeAverages();
    }
  }

  /** Variables of the optimiser, and what else only training needs: all but parameters, averages and gradients. */
  optimizerVariables(parameters: ReadonlySet<string>): StateVariable[] {
    return this.state.names
      .filter((name) => !name.startsWith(GRADIENT) && !name.startsWith(AVERAGE) && !parameters.has(name))
      .map((name) => this.state.variable(name));
  }

  /** The averages take the place of the weights, and the other way round. */
  #exchangeAverages(): void {
    if (!this.averages) return;
    for (const { name } of this.#parameters) {
      const average = this.state.read(averageName(name));
      this.state.exchange(averageName(name), this.state.exchange(name, average));
    }
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

/** Updates of weights, and with them a ← d a + (1 - d) w of each, which begins with the initial weights. */
function withAverages(updates: readonly StateUpdate[], parameters: readonly Parameter[], decay: Tensor): StateUpdate[] {
  const values = new Map(updates.map(({ variable, value }) => [variable.name, value]));
  const rest = decay.negate().add(1);
  return [...updates, ...parameters.flatMap((parameter) => {
    const variable = { ...ownVariable(averageName(parameter.name), parameter.shape), initialize: () => parameter.initialize() };
    const [value] = inPieces([read(variable), values.get(parameter.name) ?? parameter.tensor], ([average, weight]) => (
      average && weight ? [average.multiply(decay).add(weight.multiply(rest))] : []));
    return value === undefined ? [] : [{ variable, value }];
  })];
}

function makeOptimizer(config: OptimizerConfig, model: Module): Optimizer {
  switch (config.kind) {
    case "sgd":
      return sgd(config);
    case "adam":
      return adam(config);
    case "adamw":
      return adamw(config);
    case "muon":
      return muon({ ...config, matrices: hiddenMatrices(model) });
    default:
      return config satisfies never;
  }
}
