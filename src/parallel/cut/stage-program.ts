import { bindDimensions } from "../../engines/dimensions.ts";
import { emptyArray, type Engine, type Executable, type Feeds, type NumericArray } from "../../engines/engine.ts";
import type { StateStore } from "../../engines/state-store.ts";
import type { DimValues } from "../../graph/dimension.ts";
import { isNode } from "../../graph/node.ts";
import { int32, type Signature, type StateUpdate } from "../../graph/program.ts";
import { resolveShape } from "../../graph/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { topologicalOrder } from "../../graph/traverse.ts";
import { read } from "../../optim/optimizer.ts";
import type { Parameter } from "../../nn/module.ts";
import { gradientVariable } from "../../train/update-program.ts";
import { ArrayPool } from "./array-pool.ts";
import { parametersOf, stagePhases, type Backward, type StagePhase } from "./stage-phases.ts";
import type { StageGraph } from "./stages.ts";

/** What a stage has of one micro-batch, by name: what it was fed, and what its phases have left. */
export type StageRecord = Map<string, NumericArray>;

export interface StageOptions {
  readonly signature: Signature;
  readonly graph: StageGraph;
  /** Those of the model, of which the stage uses some. */
  readonly parameters: readonly Parameter[];
  readonly backward: Backward;
}

/** A micro-batch's way through a stage, after its forward pass. */
export interface StagePassage {
  /** The gradient by the stage's inputs, given that by its outputs but the loss; where the backward pass is whole, also that by its weights. */
  backwardByInputs(slopes: readonly (NumericArray | undefined)[]): Promise<NumericArray[]>;
  /** Adds the gradient by the stage's weights to what the state has. */
  backwardByWeights(): Promise<void>;
  finish(): void;
}

/** A phase as the engine runs it. */
interface CompiledPhase {
  /** Absent where there is nothing to compute. */
  readonly program: Executable | undefined;
  /** Feeds that it takes beside those of the batch. */
  readonly takes: readonly string[];
  /** Results that only pass through, and which feed each is. */
  readonly passed: ReadonlyMap<string, string>;
}

/**
 * One stage's computations, compiled: forward, and the gradients by its inputs and by its weights, which are added to the
 * state's gradients.
 */
export class StageProgram {
  readonly #signature: Signature;
  readonly #graph: StageGraph;
  readonly #phases: readonly CompiledPhase[];
  readonly #pool = new ArrayPool();
  readonly backward: Backward;

  private constructor(signature: Signature, graph: StageGraph, phases: readonly CompiledPhase[], backward: Backward) {
    this.#signature = signature;
    this.#graph = graph;
    this.#phases = phases;
    this.backward = backward;
  }

  /** A scalar among a stage's outputs is the loss. */
  static async compile(engine: Engine, state: StateStore, { signature, graph, parameters, backward }: StageOptions): Promise<StageProgram> {
    const used = parametersOf(graph, parameters);
    const seeded = { ...signature, seed: int32() };
    const compiled: CompiledPhase[] = [];
    for (const phase of stagePhases(graph, used, backward)) compiled.push(await compilePhase(engine, state, seeded, phase));
    return new StageProgram(seeded, graph, compiled, backward);
  }

  /** Values of the named dimensions in a batch. */
  dimensions(batch: Feeds<Signature>): DimValues {
    const signature = Object.fromEntries(Object.entries(this.#signature).filter(([name]) => name !== "seed"));
    return bindDimensions(signature, batch);
  }

  /** Empty arrays for what the stage before sends. */
  inputArrays(dims: DimValues): NumericArray<Float32Array>[] {
    return this.#graph.inputs.map((tensor) => emptyLike(tensor, dims));
  }

  /** Empty arrays for the gradients that the next stage sends. */
  slopeArrays(dims: DimValues): NumericArray<Float32Array>[] {
    return this.#graph.outputs.map((tensor) => emptyLike(tensor, dims));
  }

  /** Begins a micro-batch. */
  async forward(batch: Feeds<Signature>, seed: number, inputs: readonly NumericArray[]): Promise<{ outputs: NumericArray[]; record: StageRecord }> {
    const record: StageRecord = new Map(Object.entries(batch));
    record.set("seed", { data: Int32Array.of(seed | 0), shape: [] });
    this.#graph.inputs.forEach((tensor, at) => { const value = inputs[at]; if (value !== undefined) record.set(nameOf(tensor), value); });
    await this.#run(0, record);
    return { outputs: this.#graph.outputs.map((_, at) => take(record, `output.${at}`)), record };
  }

  /** The same, with what comes after. */
  async begin(batch: Feeds<Signature>, seed: number, inputs: readonly NumericArray[]): Promise<{ outputs: NumericArray[]; passage: StagePassage }> {
    const { outputs, record } = await this.forward(batch, seed, inputs);
    return {
      outputs,
      passage: {
        backwardByInputs: (slopes) => this.backwardByInputs(record, slopes),
        backwardByWeights: () => this.backwardByWeights(record),
        finish: () => { this.finish(record); },
      },
    };
  }

  /** The gradient by the stage's inputs, given that by its outputs but the loss; where the backward pass is whole, also that by its weights. */
  async backwardByInputs(record: StageRecord, slopes: readonly (NumericArray | undefined)[]): Promise<NumericArray[]> {
    slopes.forEach((slope, at) => { if (slope !== undefined) record.set(`slope.${at}`, slope); });
    await this.#run(1, record);
    return this.#graph.inputs.map((_, at) => take(record, `inputSlope.${at}`));
  }

  /** Adds the gradient by the stage's weights to what the state has. */
  async backwardByWeights(record: StageRecord): Promise<void> {
    await this.#run(2, record);
  }

  /** Ends a micro-batch, whose record is not used again. */
  finish(record: StageRecord): void {
    for (const array of record.values()) this.#pool.give(array);
    record.clear();
  }

  async dispose(): Promise<void> {
    for (const { program } of this.#phases) await program?.dispose();
  }

  async #run(phase: 0 | 1 | 2, record: StageRecord): Promise<void> {
    const compiled = this.#phases[phase];
    if (compiled === undefined) throw new Error("The stage was compiled without this phase.");
    const feeds = Object.fromEntries([...Object.keys(this.#signature), ...compiled.takes].map((name) => [name, take(record, name)]));
    const fetched = await compiled.program?.run(feeds as Feeds<Signature>, (name, dtype, length) => (
      this.backward !== "none" && isPooled(name) ? this.#pool.take(dtype, length) : emptyArray(dtype, length))) ?? {};
    for (const [name, array] of Object.entries(fetched)) if (array !== undefined) record.set(name, array);
    for (const [result, feed] of compiled.passed) record.set(result, take(record, feed));
  }
}

async function compilePhase(engine: Engine, state: StateStore, signature: Signature, { results, kept, targets }: StagePhase): Promise<CompiledPhase> {
  const reached = topologicalOrder([...results, ...kept.values()]).flatMap((node) => (isNode(node, "input") ? [node.attributes] : []));
  const given = reached.filter(({ name }) => signature[name] === undefined);
  const feeds = { ...signature, ...Object.fromEntries(given.map(({ name, shape, dtype }) => [name, { shape, dtype }])) };
  const passed = new Map<string, string>();
  const fetches: Record<string, Tensor> = Object.fromEntries(kept);
  const updates: StateUpdate[] = [];
  results.forEach((value, at) => {
    const target = targets[at];
    if (typeof target !== "string") {
      const variable = target && gradientVariable(target);
      if (variable !== undefined) updates.push({ variable, value: read(variable).add(value) });
    } else if (isNode(value.node, "input")) {
      passed.set(target, value.node.attributes.name);
    } else {
      fetches[target] = value;
    }
  });
  const isIdle = Object.keys(fetches).length + updates.length === 0;
  const program = isIdle ? undefined : await engine.compile(feeds, () => ({ ...fetches, updates }), { state });
  return { program, takes: given.map(({ name }) => name), passed };
}

function emptyLike({ shape }: Tensor, dims: DimValues): NumericArray<Float32Array> {
  const sizes = resolveShape(shape, dims);
  return { data: new Float32Array(sizes.reduce((product, size) => product * size, 1)), shape: sizes };
}

/** What is kept until the micro-batch ends, which the backward pass does. By then the next stage has read the outputs: their gradient has come back. */
function isPooled(name: string): boolean {
  return name.startsWith("kept.") || name.startsWith("output.");
}

function nameOf({ node }: Tensor): string {
  return isNode(node, "input") ? node.attributes.name : "";
}

function take(record: StageRecord, name: string): NumericArray {
  const array = record.get(name);
  if (array === undefined) throw new Error(`The stage has no "${name}" of this micro-batch; its actions are out of order.`);
  return array;
}
