/** Where growing compute meets data that does not grow. */
import type { LossSurface } from "./loss-surface.ts";
import { bestTraining, type ExpectedTraining } from "./optimum.ts";
import { bisectLogarithm } from "./root.ts";

/** What counts as the wall. */
export interface WallTerms {
  /** The share of what unlimited data would give that a doubling of compute must bring to pay; 0.5 unless given. */
  readonly share?: number;
  /** The data is spent when this share is left of what size and epochs bring after one pass; 0.1 unless given. */
  readonly left?: number;
}

export const DEFAULT_SHARE = 0.5;
export const DEFAULT_LEFT = 0.1;

/** The stages in which a stock of different tokens is used up. The trainings are the best of their compute. */
export interface DataWall {
  /** The lowest loss that these tokens teach a model of any size in any number of epochs. */
  readonly limit: number;
  /** From here on the best training of unlimited data would read more tokens than there are. */
  readonly readOnce: ExpectedTraining;
  /** The wall: from here on the next doubling of compute brings less than a share of what unlimited data would give. */
  readonly returns: ExpectedTraining;
  /** From here on less than a share is left of the loss between `readOnce` and the limit. */
  readonly spent: ExpectedTraining;
}

/** No more compute than this is looked at: a law that has not met its data by then does not. */
const MOST_COMPUTE = 1e100;

/**
 * The wall of a stock of tokens.
 *
 * @param uniqueTokens U, finite
 */
export function dataWall(surface: LossSurface, uniqueTokens: number, { share = DEFAULT_SHARE, left = DEFAULT_LEFT }: WallTerms = {}): DataWall {
  const limit = surface.loss({ parameters: Infinity, tokens: Infinity, uniqueTokens });
  const at = (compute: number): ExpectedTraining => bestTraining(surface, { compute, uniqueTokens });
  const first = computeToReadOnce(surface, uniqueTokens);
  const readOnce = at(first);
  const spentLoss = limit + left * (readOnce.loss - limit);
  return {
    limit,
    readOnce,
    returns: at(bisectLogarithm((compute) => share - shareOfReturns(surface, compute, uniqueTokens), first, MOST_COMPUTE)),
    spent: at(bisectLogarithm((compute) => spentLoss - at(compute).loss, first, MOST_COMPUTE)),
  };
}

/** The compute whose best training, were data unlimited, reads so many tokens. */
export function computeToReadOnce(surface: LossSurface, uniqueTokens: number): number {
  return bisectLogarithm((compute) => bestTraining(surface, { compute }).tokens - uniqueTokens, 6, MOST_COMPUTE);
}

/**
 * What twice the compute lowers the loss by, as a share of what it would with unlimited data: 1 while there are enough
 * different tokens, then less and less.
 */
export function shareOfReturns(surface: LossSurface, compute: number, uniqueTokens: number): number {
  const gain = (stock: number): number => {
    const before = bestTraining(surface, { compute, uniqueTokens: stock });
    const after = bestTraining(surface, { compute: 2 * compute, uniqueTokens: stock });
    return before.loss - after.loss;
  };
  return gain(uniqueTokens) / gain(Infinity);
}

/** The compute that would reach a loss if every token were new. */
export function computeIfUnlimited(surface: LossSurface, loss: number): number {
  return bisectLogarithm((compute) => loss - bestTraining(surface, { compute }).loss, 6, MOST_COMPUTE);
}
