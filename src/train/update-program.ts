import type { Engine, Executable } from "../engines/engine.ts";
import type { StateStore } from "../engines/state-store.ts";
import { float32, type StateUpdate } from "../graph/program.ts";
import type { StateVariable } from "../graph/state.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Module } from "../nn/module.ts";
import { adam, adamw, hiddenMatrices, muon, sgd, type Optimizer } from "../optim/index.ts";
import { ownVariable, read } from "../optim/optimizer.ts";
import { inPieces } from "../optim/pieces.ts";
import type { OptimizerConfig } from "./config/config.ts";

const GRADIENT = "gradient.";
const AVERAGE = "average.";

/** The state that holds the gradient of a weight. */
export function gradientName(weight: string): string {
  return `${GRADIENT}${weight}`;
}

export function gradientVariable({ name, shape }: StateVariable): StateVariable {
  return ownVariable(gradientName(name), shape);
}

/** The state that holds the moving average of a weight. */
export function averageName(weight: string): string {
  return `${AVERAGE}${weight}`;
}

export interface UpdateOptions {
  readonly optimizer: OptimizerConfig;
  /** Whether a moving average of the weights is kept. */
  readonly averages: boolean;
}

/** The optimiser's step on a state, which holds weights and, under `gradientVariable`, their gradients. */
export class UpdateProgram {
  readonly #program: Executable;
  readonly #averages: boolean;
  readonly #state: StateStore;
  readonly #weights: ReadonlySet<string>;

  private constructor(program: Executable, weights: readonly StateVariable[], averages: boolean) {
    this.#program = program;
    this.#state = program.state;
    this.#weights = new Set(weights.map(({ name }) => name));
    this.#averages = averages;
  }

  /** `weights` are parameters of the model, or rows of them under their names. */
  static async compile(
    engine: Engine, state: StateStore, model: Module, weights: readonly StateVariable[], { optimizer: config, averages }: UpdateOptions,
  ): Promise<UpdateProgram> {
    const optimizer = makeOptimizer(config, model);
    const update = ({ scale, learningRate }: { scale: Tensor; learningRate: Tensor }): StateUpdate[] => optimizer.update(
      weights.map((variable) => ({ variable, gradient: read(gradientOf(variable)), scale })), learningRate);
    const gradients = new Map(weights.map((weight) => [weight, gradientVariable(weight)]));
    const gradientOf = (weight: StateVariable): StateVariable => gradients.get(weight) ?? gradientVariable(weight);
    const rates = { scale: float32(), learningRate: float32() };
    const program = averages
      ? await engine.compile({ ...rates, averageDecay: float32() }, ({ averageDecay, ...fed }) => ({ updates: withAverages(update(fed), weights, averageDecay) }), { state })
      : await engine.compile(rates, (fed) => ({ updates: update(fed) }), { state });
    return new UpdateProgram(program, weights, averages);
  }

  async run(scale: number, learningRate: number, averageDecay: number): Promise<void> {
    await this.#program.run({
      scale: scalar(scale), learningRate: scalar(learningRate), ...(this.#averages && { averageDecay: scalar(averageDecay) }),
    });
  }

  /** Variables of the optimiser, and what else only training needs: all of the state but weights, averages and gradients. */
  optimizerVariables(): StateVariable[] {
    return this.#state.names
      .filter((name) => !name.startsWith(GRADIENT) && !name.startsWith(AVERAGE) && !this.#weights.has(name))
      .map((name) => this.#state.variable(name));
  }

  dispose(): Promise<void> {
    return this.#program.dispose();
  }
}

function scalar(value: number): { data: Float32Array; shape: [] } {
  return { data: Float32Array.of(value), shape: [] };
}

/** Updates of weights, and with them a ← d a + (1 - d) w of each, which begins with the initial weights. */
function withAverages(updates: readonly StateUpdate[], weights: readonly StateVariable[], decay: Tensor): StateUpdate[] {
  const values = new Map(updates.map(({ variable, value }) => [variable.name, value]));
  const rest = decay.negate().add(1);
  return [...updates, ...weights.flatMap((weight) => {
    const variable = { ...ownVariable(averageName(weight.name), weight.shape), initialize: () => weight.initialize() };
    const [value] = inPieces([read(variable), values.get(weight.name) ?? read(weight)], ([average, current]) => (
      average && current ? [average.multiply(decay).add(current.multiply(rest))] : []));
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
