/** How to share compute between the size of a model and the tokens it is trained on. */
import { ScalingError } from "../scaling-error.ts";
import type { LossSurface } from "./loss-surface.ts";
import { bisectLogarithm } from "./root.ts";

/** What there is to spend. */
export interface ComputeBudget {
  /** C in floating-point operations: 6·N·D of the training, and 2·N for each token that is served. */
  readonly compute: number;
  /** U, the different tokens there are; without end where left out. */
  readonly uniqueTokens?: number;
  /** Tokens that the model will read and write when it is used; 0 where left out. */
  readonly inferenceTokens?: number;
}

/** A training, and what a law expects of it. */
export interface ExpectedTraining {
  /** N */
  readonly parameters: number;
  /** D, repeated tokens counting each time. */
  readonly tokens: number;
  /** How often each token that is used is seen: 1 while there are enough different ones, else D / U. */
  readonly epochs: number;
  /** Nats a token. */
  readonly loss: number;
  /** 6·N·D */
  readonly flops: number;
}

/** A training of a given size and length. */
export function expectedTraining(surface: LossSurface, parameters: number, tokens: number, uniqueTokens = Infinity): ExpectedTraining {
  const loss = surface.loss({ parameters, tokens, uniqueTokens });
  return { parameters, tokens, epochs: Math.max(1, tokens / uniqueTokens), loss, flops: 6 * parameters * tokens };
}

/**
 * The training of the lowest loss that a budget pays for. With D = (C/N - 2 T) / 6 the loss is least where
 * `dL/dlnN = dL/dlnD · (1 + T / (3 D))`, whose only root is found to the last bit.
 *
 * @example
 * const surface = lossSurface(publishedLaws["muennighoff-2023"]);
 * const { parameters, tokens, epochs } = bestTraining(surface, { compute: 1e22, uniqueTokens: 25e9 });
 * @throws ScalingError when the compute does not pay for one parameter and one token
 */
export function bestTraining(surface: LossSurface, { compute, uniqueTokens = Infinity, inferenceTokens = 0 }: ComputeBudget): ExpectedTraining {
  const largest = compute / (6 + 2 * inferenceTokens);
  if (!(largest >= 1)) {
    throw new ScalingError(`${compute} floating-point operations do not pay for a model of one parameter, a token of training${inferenceTokens > 0 ? ` and the ${inferenceTokens} tokens to be served` : ""}; give more compute.`);
  }
  const tokensFor = (parameters: number): number => (compute / parameters - 2 * inferenceTokens) / 6;
  const parameters = bisectLogarithm((size) => {
    const tokens = tokensFor(size);
    const slopes = surface.slopes({ parameters: size, tokens, uniqueTokens });
    return slopes.parameters - slopes.tokens * (1 + inferenceTokens / (3 * tokens));
  }, 1, largest);
  return expectedTraining(surface, parameters, tokensFor(parameters), uniqueTokens);
}

/**
 * The sizes of model that reach nearly the lowest loss with the same compute.
 *
 * @param tolerance by what share of it the loss may lie above the lowest, such as 0.001
 * @returns the smallest and the largest number of parameters
 */
export function flatRange(surface: LossSurface, budget: ComputeBudget, tolerance: number): readonly [smallest: number, largest: number] {
  const { compute, uniqueTokens = Infinity } = budget;
  const { parameters: best, loss } = bestTraining(surface, { compute, uniqueTokens });
  const excess = (parameters: number): number => surface.loss({ parameters, tokens: compute / (6 * parameters), uniqueTokens }) - loss * (1 + tolerance);
  return [bisectLogarithm((size) => -excess(size), 1, best), bisectLogarithm(excess, best, compute / 6)];
}
