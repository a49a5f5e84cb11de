import { philox } from "../../metrics/counter-random.ts";

/** Draws one after the other, fixed by seed and stream. */
export class Draws {
  #drawn = 0;

  /** Both are whole numbers from 0 to 2³² − 1. */
  constructor(private readonly seed: number, private readonly stream: number) {}

  /** A number from [0, 1). */
  next(): number {
    return philox(this.seed, this.#drawn++, this.stream)[0] / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** One of a list. @throws RangeError where it is empty */
  pick<T>(list: readonly T[]): T {
    const chosen = list.at(this.between(0, list.length - 1));
    if (list.length === 0 || chosen === undefined) throw new RangeError("Nothing can be drawn from an empty list.");
    return chosen;
  }
}
