import { availableParallelism } from "node:os";
import * as ort from "onnxruntime-node";
import { buildProgram, type Program, type Results, type Signature } from "../../graph/program.ts";
import type { StateVariable } from "../../graph/state.ts";
import { bindDimensions } from "../dimensions.ts";
import { requireFrozen, type Engine, type Executable, type Feeds, type Fetches, type NumericArray } from "../engine.ts";
import { StateStore, type StateData } from "../state-store.ts";
import { bytesOf } from "./builder.ts";
import { lowerProgram, type LoweredProgram, type StateInput } from "./lower.ts";

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
      const frozen = options.frozen === true
        ? (variable: StateVariable) => bytesOf(state.read(variable.name))
        : undefined;
      const lowered = lowerProgram(program, frozen);
      const session = await ort.InferenceSession.create(lowered.model, {
        executionProviders: ["cpu"],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        executionMode: "sequential",
        graphOptimizationLevel: "all",
        logSeverityLevel: 3, // errors; warnings are about how the model could be smaller
        // Lengths vary from run to run: a plan per shape would only pile up.
        enableMemPattern: false,
        extra: {
          // Several programs take turns; one whose threads still spin after its run takes a core from the next.
          session: { force_spinning_stop: "1" },
          // Lowering decides which transpositions are part of a product.
          optimization: { disable_specified_optimizers: "MatmulTransposeFusion" },
        },
      });
      return new OnnxExecutable(program, lowered, session, state);
    },
  };
}

class OnnxExecutable<S extends Signature, R extends Results> implements Executable<S, R> {
  /** Where the next value goes of variables that are read while it is written. */
  readonly #spare = new Map<string, StateData>();

  constructor(
    readonly program: Program,
    readonly lowered: LoweredProgram,
    readonly session: ort.InferenceSession,
    readonly state: StateStore,
  ) {}

  async run(feeds: Feeds<S>): Promise<Fetches<R>> {
    return this.lowered.stateOutputs.length === 0 ? this.#run(feeds) : this.state.inTurn(() => this.#run(feeds));
  }

  async #run(feeds: Feeds<S>): Promise<Fetches<R>> {
    bindDimensions(this.program.feeds, feeds);
    const inputs: Record<string, ort.Tensor> = {};
    for (const name of this.lowered.feeds) {
      const feed: NumericArray | undefined = feeds[name];
      if (feed !== undefined) inputs[name] = toTensor(feed.data, feed.shape, this.program.feeds[name]?.dtype);
    }
    for (const input of this.lowered.stateInputs) inputs[input.name] = this.#stateTensor(input, this.state.read(input.variable.name));
    const outputs: Record<string, ort.Tensor | null> = {};
    for (const name of this.lowered.fetches) outputs[`fetch:${name}`] = null;
    for (const output of this.lowered.stateOutputs) {
      outputs[output.name] = this.#stateTensor(output, output.inPlace ? this.state.read(output.variable.name) : this.#spareFor(output));
    }
    const results = await this.session.run(inputs, outputs);
    for (const { variable, inPlace } of this.lowered.stateOutputs) {
      const spare = this.#spare.get(variable.name);
      if (!inPlace && spare !== undefined) this.#spare.set(variable.name, this.state.exchange(variable.name, spare));
    }
    return Object.fromEntries(this.lowered.fetches.map((name) => {
      const tensor = results[`fetch:${name}`];
      if (tensor === undefined) throw new Error(`The engine did not return "${name}".`);
      return [name, { data: tensor.data, shape: tensor.dims }];
    })) as Fetches<R>;
  }

  async dispose(): Promise<void> {
    await this.session.release();
  }

  #spareFor({ variable }: StateInput): StateData {
    const known = this.#spare.get(variable.name);
    if (known !== undefined) return known;
    const current = this.state.read(variable.name);
    const spare = current instanceof Int32Array ? new Int32Array(current.length) : new Float32Array(current.length);
    this.#spare.set(variable.name, spare);
    return spare;
  }

  #stateTensor({ shape, variable }: StateInput, data: StateData): ort.Tensor {
    return toTensor(data, shape, variable.dtype);
  }
}

function toTensor(data: NumericArray["data"], shape: readonly number[], dtype: string | undefined): ort.Tensor {
  if (data instanceof Float64Array) throw new Error("The onnx engine computes in float32; it was given float64.");
  if (dtype === "bool" && data instanceof Uint8Array) return new ort.Tensor("bool", data, shape);
  if (dtype === "int32" && data instanceof Int32Array) return new ort.Tensor("int32", data, shape);
  if (dtype === "float32" && data instanceof Float32Array) return new ort.Tensor("float32", data, shape);
  throw new Error(`A ${dtype} array was expected, received ${data.constructor.name}.`);
}
