/** Tails of Student's t and of F. */
import cephes from "cephes";
import { ScalingError } from "../scaling-error.ts";

/** What tests and intervals need of the two distributions. */
export interface Distributions {
  /**
   * Half the width, in standard errors, of the interval that covers a share of Student's t.
   *
   * @param level the share covered, such as 0.95
   * @throws ScalingError when it is not between 0 and 1
   */
  intervalWidth(level: number, degreesOfFreedom: number): number;
  /** The probability that F with these degrees of freedom is at least as large. */
  exceedance(f: number, degreesOfFreedom: readonly [number, number]): number;
}

/** The distributions, once the library that computes them has started. */
export async function distributions(): Promise<Distributions> {
  await cephes.compiled;
  return {
    intervalWidth(level, degreesOfFreedom) {
      if (!(level > 0 && level < 1)) throw new ScalingError(`An interval cannot cover a share of ${level}; give a level between 0 and 1, such as 0.95.`);
      return cephes.stdtri(degreesOfFreedom, (1 + level) / 2);
    },
    exceedance: (f, [above, below]) => cephes.fdtrc(above, below, f),
  };
}
