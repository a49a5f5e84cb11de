/**
 * MinHash (Broder 1997) with locality-sensitive hashing (Indyk and Motwani 1998): two sets agree in each of the
 * signature's numbers with a probability that is their Jaccard similarity s, and so in all rows of some band with
 * probability 1 − (1 − s^rows)^bands.
 */
import { philox } from "../../metrics/counter-random.ts";
import { AuditError } from "../audit-error.ts";
import { mix32 } from "../words/mix.ts";

export interface Banding {
  readonly bands: number;
  /** Numbers of the signature in each band. */
  readonly rows: number;
}

/** A signature is computed of every document that may be similar. */
const MOST_PERMUTATIONS = 1 << 16;

/** The least probability with which a pair just at the threshold is to become a candidate, where bands are chosen. */
const AT_THRESHOLD = 0.99;

/** The probability that sets of a Jaccard similarity share a band. */
export function candidateProbability(similarity: number, { bands, rows }: Banding): number {
  return 1 - (1 - similarity ** rows) ** bands;
}

/**
 * How signatures are cut: into so many bands, or into the fewest with which a pair at the threshold is found with a
 * probability of 0.99 or more. Numbers that fill no band are not used.
 *
 * @throws AuditError where the bands do not divide the permutations, or these are none or too many
 */
export function chooseBands(permutations: number, threshold: number, bands?: number): Banding {
  if (!(Number.isInteger(permutations) && permutations >= 1 && permutations <= MOST_PERMUTATIONS)) {
    throw new AuditError(`Signatures of ${permutations} permutations were asked for; ask for 1 to ${MOST_PERMUTATIONS}.`);
  }
  if (bands !== undefined) {
    if (bands >= 1 && permutations % bands === 0) return { bands, rows: permutations / bands };
    throw new AuditError(`${permutations} permutations cannot be cut into ${bands} bands of equal length; give a number of bands that divides them.`);
  }
  for (let rows = permutations; rows > 1; rows--) {
    const banding = { bands: Math.floor(permutations / rows), rows };
    if (candidateProbability(threshold, banding) >= AT_THRESHOLD) return banding;
  }
  return { bands: permutations, rows: 1 };
}

/** The seeds of so many permutations of 32-bit numbers. */
export function permutationSeeds({ bands, rows }: Banding, seed: number): Uint32Array {
  return Uint32Array.from({ length: bands * rows }, (_, at) => philox(seed, at, 0x4d696e48)[0]);
}

/** The least of each permutation's images of a set of 32-bit numbers: the first `count` of `members`, which may repeat. */
export function signature(members: Uint32Array, count: number, seeds: Uint32Array, into: Uint32Array): void {
  into.fill(0xffffffff);
  for (let at = 0; at < count; at++) {
    const member = members[at] ?? 0;
    for (let row = 0; row < seeds.length; row++) {
      const image = mix32(member ^ (seeds[row] ?? 0));
      if (image < (into[row] ?? 0)) into[row] = image;
    }
  }
}

/** What stands for the numbers of each band, exact to 2⁻⁵³: as many as there are bands. */
export function bandKeys(numbers: Uint32Array, { bands, rows }: Banding): number[] {
  return Array.from({ length: bands }, (_, band) => {
    let [high, low] = [band, ~band];
    for (let row = band * rows; row < (band + 1) * rows; row++) {
      high = mix32(high ^ (numbers[row] ?? 0));
      low = mix32(low + (numbers[row] ?? 0));
    }
    return high * 2 ** 21 + (low >>> 11);
  });
}
