/** A point of a curve: what so many samples reach, and what they take for one problem on average. */
export interface CurvePoint {
  readonly k: number;
  readonly accuracy: number;
  readonly flops: number;
}

/** How much thinking on a small model equals a larger one. */
export interface ExchangeRate {
  /** Samples on the small model; between two measured numbers on a line in ln k. */
  readonly samples: number;
  /** That they take for one problem. */
  readonly smallFlops: number;
  readonly largeFlops: number;
  /** FLOPs of the small model for each one of the large model's. */
  readonly ratio: number;
}

/** `undefined` where the small model does not get there within the samples that were drawn. */
export function exchangeRate(small: readonly CurvePoint[], large: Pick<CurvePoint, "accuracy" | "flops">): ExchangeRate | undefined {
  const at = small.findIndex(({ accuracy }) => accuracy >= large.accuracy);
  const [before, reached] = [small[at - 1], small[at]];
  if (reached === undefined) return undefined;
  const share = before === undefined ? 1 : (large.accuracy - before.accuracy) / (reached.accuracy - before.accuracy);
  const between = (of: (point: CurvePoint) => number): number => (
    before === undefined ? of(reached) : Math.exp(Math.log(of(before)) + share * (Math.log(of(reached)) - Math.log(of(before)))));
  const smallFlops = between(({ flops }) => flops);
  return { samples: between(({ k }) => k), smallFlops, largeFlops: large.flops, ratio: smallFlops / large.flops };
}
