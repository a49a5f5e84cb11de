/** Typed arrays as counters and growing lists. */

/** Adds to an element. */
export function accumulate(array: Float64Array | Int32Array, index: number, amount: number): void {
  array[index] = (array[index] ?? 0) + amount;
}

/** An array of at least `length` elements that starts with another's. */
export function grown(array: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  if (array.length >= length) return array;
  const longer = new Float64Array(Math.max(length, 2 * array.length));
  longer.set(array);
  return longer;
}
