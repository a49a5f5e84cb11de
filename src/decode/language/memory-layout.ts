import type { Signature } from "../../graph/program.ts";
import type { TextMemory } from "./text-memory.ts";

/** An array of a memory. Sizes are those of one row. */
interface Part {
  readonly name: string;
  readonly heads: number;
  /** Of a head and token, or where the array does not grow, of all. */
  readonly size: number;
}

/**
 * How one row of a memory is laid out by itself: of arrays that grow, [array, head, token, feature] of some of its tokens;
 * of others, all numbers one after the other.
 */
export class MemoryLayout {
  readonly #growing: readonly Part[];
  readonly #state: readonly Part[];
  /** Numbers of one token, and of what does not grow. */
  readonly #perToken: number;
  readonly #ofState: number;

  /** `types` have the dimensions "rows" and "capacity": those that grow are [rows, heads, capacity, size]. */
  constructor(types: Signature) {
    const parts = Object.entries(types).map(([name, { shape }]) => {
      const [, heads = 1, , size = 1] = shape;
      return shape.includes("capacity")
        ? { name, grows: true, heads: Number(heads), size: Number(size) }
        : { name, grows: false, heads: 1, size: shape.slice(1).reduce<number>((product, dim) => product * Number(dim), 1) };
    });
    this.#growing = parts.filter(({ grows }) => grows);
    this.#state = parts.filter(({ grows }) => !grows);
    const total = (some: readonly Part[]): number => some.reduce((sum, { heads, size }) => sum + heads * size, 0);
    [this.#perToken, this.#ofState] = [total(this.#growing), total(this.#state)];
  }

  /** Whether there are arrays that do not grow: what they held earlier cannot be told from what they hold. */
  get hasState(): boolean {
    return this.#state.length > 0;
  }

  /** What a row remembers of its tokens `from` to `to`. */
  read(memory: TextMemory, row: number, from: number, to: number): Float32Array {
    const length = to - from;
    const values = new Float32Array(length * this.#perToken);
    this.#eachHead(memory, row, (held, capacityStart, size, before) => {
      values.set(held.subarray(capacityStart + from * size, capacityStart + to * size), length * before);
    });
    return values;
  }

  /** Puts the first `count` of `length` tokens into a row, from its token `start` on. */
  write(values: Float32Array, length: number, memory: TextMemory, row: number, start: number, count: number): void {
    this.#eachHead(memory, row, (held, capacityStart, size, before) => {
      held.set(values.subarray(length * before, length * before + count * size), capacityStart + start * size);
    });
  }

  /** The first `at` of `length` tokens, and the others. */
  split(values: Float32Array, length: number, at: number): readonly [Float32Array, Float32Array] {
    const [first, rest] = [new Float32Array(at * this.#perToken), new Float32Array((length - at) * this.#perToken)];
    let before = 0;
    for (const { heads, size } of this.#growing) {
      for (let head = 0; head < heads; head++, before += size) {
        const start = length * before;
        first.set(values.subarray(start, start + at * size), at * before);
        rest.set(values.subarray(start + at * size, start + length * size), (length - at) * before);
      }
    }
    return [first, rest];
  }

  readState(memory: TextMemory, row: number): Float32Array {
    const values = new Float32Array(this.#ofState);
    let before = 0;
    for (const { name, size } of this.#state) {
      values.set(memory.array(name).subarray(row * size, (row + 1) * size), before);
      before += size;
    }
    return values;
  }

  writeState(values: Float32Array, memory: TextMemory, row: number): void {
    let before = 0;
    for (const { name, size } of this.#state) {
      memory.array(name).set(values.subarray(before, before + size), row * size);
      before += size;
    }
  }

  /** Visits each head of each array: the numbers, where the row's begin, and how many of a token come before. */
  #eachHead(memory: TextMemory, row: number, visit: (held: Float32Array, start: number, size: number, before: number) => void): void {
    let before = 0;
    for (const { name, heads, size } of this.#growing) {
      const held = memory.array(name);
      for (let head = 0; head < heads; head++, before += size) visit(held, (row * heads + head) * memory.capacity * size, size, before);
    }
  }
}
