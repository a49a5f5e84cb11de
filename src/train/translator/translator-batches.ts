/** A batch of a full number of sentences holds at most so many tokens a sentence on average, padding counted. */
export const TOKENS_PER_SENTENCE = 100;

/**
 * Cuts sentences into batches of similar length: places in the list, shortest first. A batch has at most `size`
 * sentences, fewer where they are long, so that a long one cannot exhaust memory.
 */
export function batchesByLength(lengths: readonly number[], size: number): number[][] {
  requireBatch(size);
  const places = [...lengths.keys()].sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0));
  const batches: number[][] = [];
  let batch: number[] = [];
  for (const place of places) {
    const full = batch.length === size || (batch.length + 1) * (lengths[place] ?? 0) > size * TOKENS_PER_SENTENCE;
    if (batch.length > 0 && full) {
      batches.push(batch);
      batch = [];
    }
    batch.push(place);
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** @throws RangeError where it is no whole number of at least 1 */
export function requireBatch(size: number): void {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`The batch size is ${size}; give a whole number of at least 1.`);
}
