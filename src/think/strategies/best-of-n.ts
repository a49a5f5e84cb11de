import { best, drawAttempts, outcome } from "./attempts.ts";
import type { Strategy } from "./strategy.ts";

/** Independent attempts, of which the verifier, or a reward model in its place, chooses (Cobbe et al. 2021). */
export const bestOfN: Strategy = {
  description: "independent attempts, of which the verifier or a reward model chooses",
  verifies: true,
  rewards: "attempts",
  async solve(place) {
    const attempts = await drawAttempts(place, place.settings.samples);
    const values = await Promise.all(attempts.map((attempt) => place.value(attempt)));
    return outcome(best(attempts, values), attempts);
  },
};
