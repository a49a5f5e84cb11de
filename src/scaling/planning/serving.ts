/** Trainings of models that will be used: what they cost until the last token is served. */
import { ScalingError } from "../scaling-error.ts";
import type { LossSurface } from "./loss-surface.ts";
import { bestTraining, expectedTraining, type ExpectedTraining } from "./optimum.ts";
import { bisectLogarithm } from "./root.ts";

/** A training and the serving of its model; floating-point operations. */
export interface ServedTraining extends ExpectedTraining {
  /** 2·N for each token served. */
  readonly servingFlops: number;
  /** Of training and serving. */
  readonly totalFlops: number;
}

/** What a model is to be. */
export interface ServingQuestion {
  /** Nats a token that it must reach. */
  readonly loss: number;
  /** T, tokens that it will read and write. */
  readonly inferenceTokens: number;
  /** U, the different tokens there are; without end where left out. */
  readonly uniqueTokens?: number;
}

/** No training of more tokens is considered, so that a loss beyond reach ends the search. */
const MOST_TOKENS = 1e40;

/**
 * The training that reaches a loss and costs least until the tokens are served: the least of 6·N·D + 2·N·T over all N
 * and D of that loss, which lies where `3 D (dL/dlnN / dL/dlnD - 1) = T`.
 *
 * Sardana et al. 2024, "Beyond Chinchilla-optimal: accounting for inference in language model scaling laws".
 *
 * @throws ScalingError when no model reaches the loss with the tokens there are
 */
export function cheapestServed(surface: LossSurface, { loss, inferenceTokens, uniqueTokens = Infinity }: ServingQuestion): ServedTraining {
  const parameters = bisectLogarithm((size) => {
    const tokens = tokensToReach(surface, loss, size, uniqueTokens);
    if (!Number.isFinite(tokens)) return -Infinity;
    const slopes = surface.slopes({ parameters: size, tokens, uniqueTokens });
    return 3 * tokens * (1 - slopes.parameters / slopes.tokens) + inferenceTokens;
  }, 1, MOST_TOKENS);
  const tokens = tokensToReach(surface, loss, parameters, uniqueTokens);
  if (!Number.isFinite(tokens)) throw new ScalingError(`No model reaches a loss of ${loss} nats with ${uniqueTokens} different tokens; name a higher loss or give more tokens.`);
  return served(expectedTraining(surface, parameters, tokens, uniqueTokens), inferenceTokens);
}

/** The training of the lowest loss whose cost until the tokens are served, 6·N·D + 2·N·T, is the given one. */
export function bestServed(surface: LossSurface, totalFlops: number, { inferenceTokens, uniqueTokens = Infinity }: Omit<ServingQuestion, "loss">): ServedTraining {
  return served(bestTraining(surface, { compute: totalFlops, inferenceTokens, uniqueTokens }), inferenceTokens);
}

/** What a training costs with the serving of its model. */
export function served(training: ExpectedTraining, inferenceTokens: number): ServedTraining {
  const servingFlops = 2 * training.parameters * inferenceTokens;
  return { ...training, servingFlops, totalFlops: training.flops + servingFlops };
}

/** The tokens after which a model of a size reaches a loss, without end where it never does. */
function tokensToReach(surface: LossSurface, loss: number, parameters: number, uniqueTokens: number): number {
  const above = (tokens: number): number => surface.loss({ parameters, tokens, uniqueTokens }) - loss;
  if (above(MOST_TOKENS) > 0) return Infinity;
  return bisectLogarithm((tokens) => -above(tokens), 1, MOST_TOKENS);
}
