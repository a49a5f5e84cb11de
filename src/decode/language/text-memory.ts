import type { NumericArray } from "../../engines/engine.ts";
import type { Signature } from "../../graph/program.ts";
import type { TokenMemory } from "./token-scorer.ts";

type FloatArray = NumericArray<Float32Array>;

/**
 * What a model remembers of a batch of texts, one row each. Arrays that grow with the texts have room for `capacity`
 * tokens from the beginning, [rows, heads, capacity, size], and what steps add is written into them.
 */
export class TextMemory implements TokenMemory {
  readonly lengths: Int32Array;
  readonly #growing: ReadonlySet<string>;
  readonly #arrays: Map<string, FloatArray>;

  private constructor(readonly capacity: number, growing: ReadonlySet<string>, lengths: Int32Array, arrays: Map<string, FloatArray>) {
    this.lengths = lengths;
    this.#growing = growing;
    this.#arrays = arrays;
  }

  /** `types` have the dimensions "rows" and "capacity". */
  static empty(types: Signature, rows: number, capacity: number): TextMemory {
    const size = { rows, capacity };
    const arrays = Object.entries(types).map(([name, { shape }]): [string, FloatArray] => {
      const concrete = shape.map((dim) => (dim === "rows" || dim === "capacity" ? size[dim] : Number(dim)));
      return [name, { data: new Float32Array(concrete.reduce((product, dim) => product * dim, 1)), shape: concrete }];
    });
    const growing = Object.keys(types).filter((name) => types[name]?.shape.includes("capacity"));
    return new TextMemory(capacity, new Set(growing), new Int32Array(rows), new Map(arrays));
  }

  get rows(): number {
    return this.lengths.length;
  }

  get arrays(): Readonly<Record<string, FloatArray>> {
    return Object.fromEntries(this.#arrays);
  }

  /** Adds what a step has made of `counts` new tokens of each row, int32 [rows]; those that only fill up are left out. */
  add(results: Readonly<Record<string, NumericArray>>, counts: Int32Array): void {
    for (const [name, array] of this.#arrays) {
      const added = results[name];
      if (added === undefined) throw new Error(`The step lost the memory "${name}".`);
      if (this.#growing.has(name)) this.#write(array, added, counts);
      else this.#arrays.set(name, { data: Float32Array.from(added.data), shape: added.shape });
    }
    counts.forEach((count, row) => (this.lengths[row] = (this.lengths[row] ?? 0) + count));
  }

  shorten(length: number): void {
    this.lengths.forEach((own, row) => (this.lengths[row] = Math.min(own, length)));
  }

  keep(rows: readonly number[]): TextMemory {
    const arrays = Array.from(this.#arrays, ([name, { data, shape }]): [string, FloatArray] => {
      const size = data.length / this.rows;
      const kept = new Float32Array(rows.length * size);
      rows.forEach((row, at) => kept.set(data.subarray(row * size, (row + 1) * size), at * size));
      return [name, { data: kept, shape: [rows.length, ...shape.slice(1)] }];
    });
    return new TextMemory(this.capacity, this.#growing, Int32Array.from(rows, (row) => this.lengths[row] ?? 0), new Map(arrays));
  }

  /** Puts added [rows, time, heads·size] into held [rows, heads, capacity, size], after what each row remembers. */
  #write({ data: held, shape }: FloatArray, { data: added, shape: [, time = 0] }: NumericArray, counts: Int32Array): void {
    const [rows = 0, heads = 0, capacity = 0, size = 0] = shape;
    for (let row = 0; row < rows; row++) {
      const [start, count] = [this.lengths[row] ?? 0, counts[row] ?? 0];
      for (let token = 0; token < count; token++) {
        for (let head = 0; head < heads; head++) {
          const from = ((row * time + token) * heads + head) * size;
          held.set(added.subarray(from, from + size), ((row * heads + head) * capacity + start + token) * size);
        }
      }
    }
  }
}
