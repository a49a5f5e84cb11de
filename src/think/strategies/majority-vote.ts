import { drawAttempts, outcome } from "./attempts.ts";
import type { Strategy } from "./strategy.ts";
import { elect } from "./votes.ts";

/** Independent attempts, each with one vote for its answer: self-consistency (Wang et al. 2023). */
export const majorityVote: Strategy = {
  description: "independent attempts, each with one vote for its answer",
  verifies: false,
  rewards: "nothing",
  async solve(place) {
    const attempts = await drawAttempts(place, place.settings.samples);
    return outcome(elect(attempts, attempts.map(() => 1)), attempts);
  },
};
