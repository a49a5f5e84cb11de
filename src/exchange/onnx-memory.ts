import { Tensor } from "onnxruntime-common";
import type { TokenMemory } from "../decode/language/token-scorer.ts";
import type { Past } from "./onnx-decoder.ts";

/** What an exported decoder remembers: one run's `present`, whose rows begin with padding where they are shorter than others. */
export class OnnxMemory implements TokenMemory {
  readonly lengths: Int32Array;
  #past: Past | undefined;

  constructor(lengths: Int32Array, past?: Past) {
    this.lengths = lengths;
    this.#past = past;
  }

  get rows(): number {
    return this.lengths.length;
  }

  /** `undefined` where nothing was read. */
  get past(): Past | undefined {
    return this.#past;
  }

  /** Takes over what a run gives, in which each row has read so many tokens more. */
  advance(present: Past, counts: Int32Array): void {
    this.#past = present;
    counts.forEach((count, row) => (this.lengths[row] = (this.lengths[row] ?? 0) + count));
  }

  keep(rows: readonly number[]): OnnxMemory {
    const lengths = Int32Array.from(rows, (row) => this.lengths[row] ?? 0);
    return new OnnxMemory(lengths, this.#past && arranged(this.#past, this.lengths, rows, lengths));
  }

  shorten(length: number): void {
    const lengths = this.lengths.map((own) => Math.min(own, length));
    if (lengths.every((own, row) => own === this.lengths[row])) return;
    this.#past &&= arranged(this.#past, this.lengths, [...lengths.keys()], lengths);
    this.lengths.set(lengths);
  }
}

/** The first `lengths` tokens of some rows of arrays [rows, heads, time, size] that hold `held` tokens each, behind padding. */
function arranged(past: Past, held: Int32Array, rows: readonly number[], lengths: Int32Array): Past {
  const longest = Math.max(0, ...lengths);
  return Object.fromEntries(Object.entries(past).map(([name, { data, dims }]) => {
    if (!(data instanceof Float32Array)) throw new Error(`An exported decoder gives "${name}" in float32.`);
    const [, heads = 0, time = 0, size = 0] = dims;
    const kept = new Float32Array(rows.length * heads * longest * size);
    for (const [at, row] of rows.entries()) {
      const [start, length] = [time - (held[row] ?? 0), lengths[at] ?? 0];
      for (let head = 0; head < heads; head++) {
        const from = ((row * heads + head) * time + start) * size;
        kept.set(data.subarray(from, from + length * size), ((at * heads + head) * longest + longest - length) * size);
      }
    }
    return [name, new Tensor("float32", kept, [rows.length, heads, longest, size])];
  }));
}
