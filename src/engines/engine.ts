import type { DType } from "../graph/dtype.ts";
import type { Program, Results, Signature } from "../graph/program.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { StateStore } from "./state-store.ts";

/** A plain array with its shape. Engines take and give these; data is row-major; bools are bytes. */
export interface NumericArray<Data = Float32Array | Float64Array | Int32Array | Uint8Array> {
  readonly data: Data;
  readonly shape: readonly number[];
}

export type FeedData<D extends DType> = D extends "float32" ? Float32Array : D extends "int32" ? Int32Array : Uint8Array;

/** Arrays for each of a program's feeds. */
export type Feeds<S extends Signature> = { readonly [K in keyof S]: NumericArray<FeedData<S[K]["dtype"]>> };

/** What a run gives for each fetched tensor. A scalar has the shape []. */
export type Fetches<R extends Results> = { readonly [K in Exclude<keyof R, "updates">]: NumericArray };

export interface CompileOptions {
  /** State to share with other executables; by default the executable has its own. */
  readonly state?: StateStore;
  /** The program never changes its state, nor does anything else: an engine may bake its values in. */
  readonly frozen?: boolean;
}

/** Makes room for what is fetched under a name: an array of so many elements, or a longer one's beginning. What it holds does not matter. */
export type Allocate = (name: string, dtype: DType, length: number) => Float32Array | Int32Array | Uint8Array;

export function emptyArray(dtype: DType, length: number): Float32Array | Int32Array | Uint8Array {
  switch (dtype) {
    case "float32":
      return new Float32Array(length);
    case "int32":
      return new Int32Array(length);
    case "bool":
      return new Uint8Array(length);
    default:
      return dtype satisfies never;
  }
}

/** A lowered program. Owns its state or shares that of others, and whatever the engine keeps outside JavaScript. */
export interface Executable<S extends Signature = Signature, R extends Results = Results> {
  readonly state: StateStore;
  /**
   * Computes the fetches and updates the state. An engine may put what it fetches into arrays from `allocate`. Throws where
   * a feed does not fit its declared shape.
   */
  run(feeds: Feeds<S>, allocate?: Allocate): Promise<Fetches<R>>;
  /** Frees what the engine keeps. The state stays readable. */
  dispose(): Promise<void>;
}

/**
 * Runs graphs. Everything above this interface is engine-agnostic; every engine passes the same conformance suite.
 *
 *     const step = await engine.compile({ x: float32("batch", 3) }, ({ x }) => ({ sum: x.sum() }));
 *     const { sum } = await step.run({ x: { data: new Float32Array(6), shape: [2, 3] } });
 */
export interface Engine {
  readonly name: string;
  createState(): StateStore;
  compile<S extends Signature, R extends Results>(
    feeds: S,
    build: (tensors: { readonly [K in keyof S]: Tensor }) => R,
    options?: CompileOptions,
  ): Promise<Executable<S, R>>;
}

/** Throws where a program that is compiled with frozen state changes it. */
export function requireFrozen({ updates }: Program, { frozen = false }: CompileOptions): void {
  const [update] = updates;
  if (frozen && update !== undefined) {
    throw new Error(`The program is compiled with frozen state, but it updates "${update.variable.name}".`);
  }
}
