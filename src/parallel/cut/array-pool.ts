import { emptyArray, type NumericArray } from "../../engines/engine.ts";
import type { DType } from "../../graph/dtype.ts";

type Data = ReturnType<typeof emptyArray>;

/** Arrays that are used again: to get memory from the system takes longer than to write there. */
export class ArrayPool {
  readonly #free: Record<DType, Data[]> = { float32: [], int32: [], bool: [] };
  /** Whole arrays, by their memory. */
  readonly #lent = new Map<ArrayBufferLike, { readonly dtype: DType; readonly array: Data }>();

  /** The shortest free array that is long enough, or a new one. */
  take(dtype: DType, length: number): Data {
    const free = this.#free[dtype];
    let best: number | undefined;
    free.forEach((array, at) => {
      if (array.length >= length && (best === undefined || array.length < (free[best]?.length ?? 0))) best = at;
    });
    const [array = emptyArray(dtype, length)] = best === undefined ? [] : free.splice(best, 1);
    this.#lent.set(array.buffer, { dtype, array });
    return array.subarray(0, length);
  }

  /** Takes an array back, if it is one of the pool's. */
  give({ data: { buffer } }: NumericArray): void {
    const lent = this.#lent.get(buffer);
    if (lent === undefined) return;
    this.#lent.delete(buffer);
    this.#free[lent.dtype].push(lent.array);
  }
}
