import { drawAttempts, outcome } from "./attempts.ts";
import type { Strategy } from "./strategy.ts";

/** One attempt, of the likeliest tokens. */
export const greedy: Strategy = {
  description: "one attempt, of the likeliest tokens",
  verifies: false,
  rewards: "nothing",
  async solve(place) {
    const attempts = await drawAttempts(place, 1, { temperature: 0 });
    return outcome(attempts[0], attempts);
  },
};
