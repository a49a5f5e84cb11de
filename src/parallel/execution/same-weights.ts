import { nameRanks } from "../transports/checks.ts";

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
