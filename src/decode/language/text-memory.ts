import { emptyArray, type Allocate, type NumericArray } from "../../engines/engine.ts";
import type { Signature } from "../../graph/program.ts";
import type { TokenMemory } from "./token-scorer.ts";

type FloatArray = NumericArray<Float32Array>;

/**
 * What a model remembers of a batch of texts, one row each. Arrays that grow with the texts have room for `capacity`
 * tokens from the beginning, [rows, heads, capacity, size], and steps write into them what they add.
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

  /** The rows of memories of one capacity, one after the other. */
  static join(memories: readonly TextMemory[]): TextMemory {
    const [first] = memories;
    if (first === undefined) throw new Error("No memories were given to be joined; give at least one.");
    const rows = memories.reduce((sum, memory) => sum + memory.rows, 0);
    const arrays = Array.from(first.#arrays, ([name, { shape }]): [string, FloatArray] => {
      const joined = new Float32Array(shape.slice(1).reduce((product, dim) => product * dim, rows));
      let at = 0;
      for (const memory of memories) {
        joined.set(memory.array(name), at);
        at += memory.array(name).length;
      }
      return [name, { data: joined, shape: [rows, ...shape.slice(1)] }];
    });
    return new TextMemory(first.capacity, first.#growing, Int32Array.from(memories.flatMap(({ lengths }) => [...lengths])), new Map(arrays));
  }

  get rows(): number {
    return this.lengths.length;
  }

  get arrays(): Readonly<Record<string, FloatArray>> {
    return Object.fromEntries(this.#arrays);
  }

  /** The numbers of an array. */
  array(name: string): Float32Array {
    const array = this.#arrays.get(name);
    if (array === undefined) throw new Error(`The memory has no array "${name}".`);
    return array.data;
  }

  /** Where a step puts what it gives: arrays that grow are their own next values. */
  readonly allocate: Allocate = (name, dtype, length) => (
    this.#growing.has(name) ? this.#arrays.get(name)?.data : undefined) ?? emptyArray(dtype, length);

  /** Takes over the memory that a step gives after `counts` new tokens of each row, int32 [rows]. */
  advance(results: Readonly<Record<string, NumericArray>>, counts: Int32Array): void {
    for (const name of this.#arrays.keys()) {
      const next = results[name];
      if (next === undefined) throw new Error(`The step lost the memory "${name}".`);
      const data = next.data instanceof Float32Array ? next.data : Float32Array.from(next.data);
      this.#arrays.set(name, { data, shape: next.shape });
    }
    counts.forEach((count, row) => (this.lengths[row] = (this.lengths[row] ?? 0) + count));
  }

  shorten(length: number): void {
    this.lengths.forEach((own, row) => (this.lengths[row] = Math.min(own, length)));
  }

  keep(rows: readonly number[]): TextMemory {
    const inPlace = rows.every((row, at) => row === at || row >= rows.length) && new Set(rows).size === rows.length;
    const arrays = Array.from(this.#arrays, ([name, { data, shape }]): [string, FloatArray] => {
      const size = data.length / this.rows;
      const kept = inPlace ? data.subarray(0, rows.length * size) : new Float32Array(rows.length * size);
      rows.forEach((row, at) => { if (!inPlace || row !== at) kept.set(data.subarray(row * size, (row + 1) * size), at * size); });
      return [name, { data: kept, shape: [rows.length, ...shape.slice(1)] }];
    });
    return new TextMemory(this.capacity, this.#growing, Int32Array.from(rows, (row) => this.lengths[row] ?? 0), new Map(arrays));
  }
}
