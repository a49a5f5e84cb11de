import { drawAttempts, outcome } from "./attempts.ts";
import type { Strategy } from "./strategy.ts";
import { elect } from "./votes.ts";

/**
 * Independent attempts, each with a vote of its reward (Li et al. 2023, "Making language models better reasoners with
 * step-aware verifier", section 3.1), or without a reward model of its likelihood a token: the normalised weighted sum of
 * Wang et al. 2023, table 1.
 */
export const weightedVote: Strategy = {
  description: "independent attempts, each with a vote of its likelihood per token, or of its reward",
  verifies: false,
  rewards: "attempts",
  async solve(place) {
    const attempts = await drawAttempts(place, place.settings.samples);
    const weights = await Promise.all(attempts.map(async (attempt) => (
      place.rewarded ? place.value(attempt) : Math.exp(attempt.meanLogProbability ?? 0))));
    return outcome(elect(attempts, weights), attempts);
  },
};
