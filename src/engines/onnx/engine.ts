import { availableParallelism } from "node:os";
import { setImmediate } from "node:timers/promises";
import { dimensionValue } from "../../graph/dimension.ts";
import type { DType } from "../../graph/dtype.ts";
import { buildProgram, type Program, type Results, type Signature } from "../../graph/program.ts";
import { resolveShape } from "../../graph/shape.ts";
import type { StateVariable } from "../../graph/state.ts";
import { dimensionsOfRun } from "../dimensions.ts";
import { emptyArray, requireFrozen, type Allocate, type Engine, type Executable, type Feeds, type Fetches, type NumericArray } from "../engine.ts";
import { StateStore, type StateData } from "../state-store.ts";
import { bytesOf } from "./builder.ts";
import { lowerProgram, type LoweredProgram, type StateOutput } from "./lower.ts";
import { RuntimeSession, type RuntimeTensor } from "./runtime.ts";

export interface OnnxOptions {
  /** Threads within one operator; by default as many as the machine has cores. */
  readonly threads?: number;
}

/** ONNX Runtime on the CPU. */
export function onnx({ threads = availableParallelism() }: OnnxOptions = {}): Engine {
  return {
    name: "onnx",
    createState: () => new StateStore(),
    compile: async (feeds, build, options = {}) => {
      const program = buildProgram(feeds, build);
      requireFrozen(program, options);
      const state = options.state ?? new StateStore();
      program.variables.forEach((variable) => state.declare(variable));
      const frozen = options.frozen === true && fitsModel(program.variables)
        ? (variable: StateVariable) => bytesOf(state.read(variable.name))
        : undefined;
      const { model, ...lowered } = lowerProgram(program, frozen);
      const session = new RuntimeSession(model, {
        inputs: [...lowered.feeds, ...lowered.stateInputs.map(({ name }) => name)],
        outputs: [...lowered.fetches.map(({ output }) => output), ...lowered.stateOutputs.map(({ name }) => name)],
        threads,
      });
      return new OnnxExecutable(program, lowered, session, state);
    },
  };
}

/** A model is one protocol buffer, of less than 2 GiB; 64 MiB are for its nodes and other constants. */
const MOST_FROZEN = 2 ** 31 - 2 ** 26;

/** Whether the values of variables can be constants of one model; those of larger ones are read from the state in each run. */
export function fitsModel(variables: readonly StateVariable[]): boolean {
  return variables.reduce((sum, { shape }) => sum + 4 * shape.reduce((product, dim) => product * dim, 1), 0) <= MOST_FROZEN;
}

class OnnxExecutable<S extends Signature, R extends Results> implements Executable<S, R> {
  /** Where the next value goes of variables that are read while it is written. */
  readonly #spare = new Map<string, StateData>();

  constructor(
    readonly program: Program,
    readonly lowered: Omit<LoweredProgram, "model">,
    readonly session: RuntimeSession,
    readonly state: StateStore,
  ) {}

  async run(feeds: Feeds<S>, allocate: Allocate = (_name, dtype, length) => emptyArray(dtype, length)): Promise<Fetches<R>> {
    return this.lowered.stateOutputs.length === 0 ? this.#run(feeds, allocate) : this.state.inTurn(() => this.#run(feeds, allocate));
  }

  async #run(feeds: Feeds<S>, allocate: Allocate): Promise<Fetches<R>> {
    const dims = dimensionsOfRun(this.program, feeds);
    const unset = this.lowered.unsetSums.find(({ over, size }) => dimensionValue(over, dims) === 0 && dimensionValue(size, dims) > 0);
    if (unset !== undefined) throw new Error(`A product sums over ${unset.over}, which is 0 in this run: ONNX Runtime leaves such sums of stacked matrices unset; feed at least 1.`);
    await setImmediate(); // a run holds this thread: let others in between two of them
    const { stateInputs, stateOutputs } = this.lowered;
    const fed = this.lowered.feeds.map((name) => toTensor(name, feeds[name], this.program.feeds[name]?.dtype));
    const read = stateInputs.map(({ variable, shape }) => toTensor(variable.name, { data: this.state.read(variable.name), shape }, variable.dtype));
    const fetched = this.program.fetches.map(({ name, tensor }) => {
      const shape = resolveShape(tensor.shape, dims);
      return toTensor(name, { data: allocate(name, tensor.dtype, shape.reduce((product, dim) => product * dim, 1)), shape }, tensor.dtype);
    });
    const written = stateOutputs.map((output) => toTensor(output.variable.name, { data: this.#destination(output), shape: output.shape }, output.variable.dtype));
    this.session.run([...fed, ...read], [...fetched, ...written]);
    for (const { variable, inPlace } of stateOutputs) {
      const spare = this.#spare.get(variable.name);
      if (!inPlace && spare !== undefined) this.#spare.set(variable.name, this.state.exchange(variable.name, spare));
    }
    return Object.fromEntries(this.lowered.fetches.map(({ name }, at) => [name, fetched[at]])) as unknown as Fetches<R>;
  }

  async dispose(): Promise<void> {
    this.session.dispose();
  }

  #destination({ variable, inPlace }: StateOutput): StateData {
    const current = this.state.read(variable.name);
    if (inPlace) return current;
    const known = this.#spare.get(variable.name);
    if (known !== undefined) return known;
    const spare = current instanceof Int32Array ? new Int32Array(current.length) : new Float32Array(current.length);
    this.#spare.set(variable.name, spare);
    return spare;
  }
}

function toTensor(name: string, array: NumericArray | undefined, dtype: DType | undefined): RuntimeTensor {
  const { data, shape } = array ?? { data: undefined, shape: [] };
  if (data instanceof Float64Array) throw new Error(`The array "${name}" is of float64, but the onnx engine computes in float32; give a Float32Array.`);
  if (dtype === "bool" && data instanceof Uint8Array) return { data, shape, type: dtype };
  if (dtype === "int32" && data instanceof Int32Array) return { data, shape, type: dtype };
  if (dtype === "float32" && data instanceof Float32Array) return { data, shape, type: dtype };
  throw new Error(`The array "${name}" is to be ${dtype}, but its data is ${data === undefined ? "missing" : `a ${data.constructor.name}`}.`);
}
