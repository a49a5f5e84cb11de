import { createHash } from "node:crypto";
import { nameRanks } from "../transports/checks.ts";

/** Numbers that are hashed at once: Node takes no more than 2 GiB. */
const PART = 2 ** 28;

/** A number that tells weights from others, by 48 bits. */
export function digestOf(weights: Float32Array): number {
  const hash = createHash("sha1");
  for (let start = 0; start < weights.length; start += PART) hash.update(weights.subarray(start, start + PART));
  return hash.digest().readUIntBE(0, 6);
}

/**
 * Which replicas have gone apart, as a sentence's beginning; undefined where all are alike. Those are to blame that differ from
 * most replicas of their stages; where no most agree, all of them may be.
 *
 * @param digests of each rank's weights; ranks `device`, `device + devices`, … are replicas of the same stages
 */
export function describeStrangers(digests: readonly number[], devices: number): string | undefined {
  for (let device = 0; device < devices; device++) {
    const alike = new Map<number, number[]>();
    for (let rank = device; rank < digests.length; rank += devices) {
      const digest = digests[rank] ?? NaN;
      alike.set(digest, [...alike.get(digest) ?? [], rank]);
    }
    if (alike.size <= 1) continue;
    const [most = [], ...others] = [...alike.values()].sort((one, two) => two.length - one.length);
    const inOrder = (ranks: readonly number[]): string => nameRanks([...ranks].sort((one, two) => one - two));
    if (most.length === others[0]?.length) {
      return `the weights of ${inOrder([...most, ...others.flat()])}, which have the same stages, are no longer alike: one of them computes wrongly`;
    }
    return `the weights of ${inOrder(others.flat())} are no longer those of ${inOrder(most)} with the same stages: computed wrongly`;
  }
  return undefined;
}
