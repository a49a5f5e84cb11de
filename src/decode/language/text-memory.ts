import type { NumericArray } from "../../engines/engine.ts";
import type { Signature } from "../../graph/program.ts";
import { asStateArray, type StateArrays } from "../step-state.ts";

/** What a model remembers of a batch of texts, one row each, in arrays that steps write in place. */
export class TextMemory {
  /** Tokens that each row remembers: int32 [rows]. */
  readonly lengths: Int32Array;
  #arrays: StateArrays;

  private constructor(readonly capacity: number, lengths: Int32Array, arrays: StateArrays) {
    this.lengths = lengths;
    this.#arrays = arrays;
  }

  /** `types` have the dimensions "rows" and "capacity". */
  static empty(types: Signature, rows: number, capacity: number): TextMemory {
    const size = { rows, capacity };
    const arrays = Object.fromEntries(Object.entries(types).map(([name, { shape, dtype }]) => {
      const concrete = shape.map((dim) => (dim === "rows" || dim === "capacity" ? size[dim] : Number(dim)));
      const length = concrete.reduce((product, dim) => product * dim, 1);
      return [name, asStateArray({ data: new Float32Array(length), shape: concrete }, dtype)];
    }));
    return new TextMemory(capacity, new Int32Array(rows), arrays);
  }

  get rows(): number {
    return this.lengths.length;
  }

  get arrays(): StateArrays {
    return this.#arrays;
  }

  /** Takes over what a step has made of the memory; `counts` are the tokens that it read. */
  advance(results: Readonly<Record<string, NumericArray>>, counts: Int32Array): void {
    this.#arrays = Object.fromEntries(Object.entries(this.#arrays).map(([name, old]) => {
      const next = results[name];
      if (next === undefined) throw new Error(`The step lost the memory "${name}".`);
      return [name, next.data === old.data ? old : asStateArray(next, "float32")];
    }));
    counts.forEach((count, row) => (this.lengths[row] = (this.lengths[row] ?? 0) + count));
  }

  /** Forgets what a row remembers beyond so many tokens. Only for models that rewind. */
  shorten(length: number): void {
    this.lengths.forEach((own, row) => (this.lengths[row] = Math.min(own, length)));
  }

  /** The memory of these rows alone, in this order; a row may come more than once. */
  keep(rows: readonly number[]): TextMemory {
    const arrays = Object.fromEntries(Object.entries(this.#arrays).map(([name, { data, shape }]) => {
      const size = data.length / this.rows;
      const kept = new Float32Array(rows.length * size);
      rows.forEach((row, at) => kept.set(data.subarray(row * size, (row + 1) * size), at * size));
      return [name, { data: kept, shape: [rows.length, ...shape.slice(1)] }];
    }));
    return new TextMemory(this.capacity, Int32Array.from(rows, (row) => this.lengths[row] ?? 0), arrays);
  }
}
