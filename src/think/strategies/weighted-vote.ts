import { drawAttempts, outcome } from "./attempts.ts";
import type { Strategy } from "./strategy.ts";
import { elect } from "./votes.ts";

/** Independent attempts, each with a vote of its likelihood a token: the normalised weighted sum of Wang et al. 2023, table 1. */
export const weightedVote: Strategy = {
  description: "independent attempts, each with a vote of its likelihood per token",
  verifies: false,
  async solve(place) {
    const attempts = await drawAttempts(place, place.settings.samples);
    return outcome(elect(attempts, ({ meanLogProbability = 0 }) => Math.exp(meanLogProbability)), attempts);
  },
};
