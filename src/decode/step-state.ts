import type { NumericArray } from "../engines/engine.ts";
import type { DType } from "../graph/dtype.ts";

/** Arrays that a program can be fed again. */
export type StateArray = NumericArray<Float32Array | Int32Array | Uint8Array>;
export type StateArrays = Readonly<Record<string, StateArray>>;

/** What decoding remembers between two steps. */
export interface DecoderState {
  /** Sentences that are being decoded. */
  readonly batch: number;
  /** One row a hypothesis of the last step: [rows, ...]. */
  readonly carried: StateArrays;
  /** One row a sentence: [batch, source, ...]; empty without attention. */
  readonly memory: StateArrays;
}

/** The reference engine computes in float64, which no feed accepts. */
export function asStateArray({ data, shape }: NumericArray, dtype: DType): StateArray {
  if (!(data instanceof Float64Array)) return { data, shape };
  switch (dtype) {
    case "float32":
      return { data: Float32Array.from(data), shape };
    case "int32":
      return { data: Int32Array.from(data), shape };
    case "bool":
      return { data: Uint8Array.from(data), shape };
    default:
      throw new TypeError(`unknown element type: ${String(dtype satisfies never)}`);
  }
}

/**
 * The state with these sentences alone, as places in its batch, in this order. The rows of hypotheses stay where they
 * are: the next step says which of them it continues.
 */
export function keepSentences(state: DecoderState, sentences: readonly number[]): DecoderState {
  const memory = Object.fromEntries(Object.entries(state.memory).map(([name, array]) => [name, takeRows(array, sentences)]));
  return { batch: sentences.length, carried: state.carried, memory };
}

function takeRows({ data, shape }: StateArray, rows: readonly number[]): StateArray {
  const size = shape.slice(1).reduce((product, dim) => product * dim, 1);
  const taken = data.slice(0, rows.length * size);
  rows.forEach((row, at) => taken.set(data.subarray(row * size, (row + 1) * size), at * size));
  return { data: taken, shape: [rows.length, ...shape.slice(1)] };
}
