import { best, finish, outcome } from "./attempts.ts";
import { criticOf, drawRevised, type Criticism } from "./criticism.ts";
import type { Attempt, Strategy } from "./strategy.ts";

/**
 * Attempts one after the other: the model sees its last one with its criticism, and tries again (Snell et al. 2024, section
 * 6; by its own criticism, Madaan et al. 2023, "Self-Refine"). The first is of the likeliest tokens. It ends when one is
 * accepted, `samples` are made or the budget is used up.
 */
export const revision: Strategy = {
  description: "attempts one after the other, each after the last and its criticism",
  verifies: true,
  rewards: "attempts",
  async solve(place) {
    const criticise = criticOf(place);
    const attempts: Attempt[] = [];
    const criticisms: Criticism[] = [];
    while (attempts.length < place.settings.samples) {
      const [last, criticism] = [attempts.at(-1), criticisms.at(-1)];
      const sample = last === undefined || criticism === undefined ? (await place.draw("", 1, { temperature: 0 }))[0] : await drawRevised(place, last, criticism);
      if (sample === undefined) break;
      const attempt = await finish(place, sample.text, [sample]);
      attempts.push(attempt);
      const said = await criticise(attempt);
      if (said !== undefined) criticisms.push(said);
      if (said === undefined || said.accepted) break;
    }
    // Words do not tell which attempt is better, but the last one was written in view of them all.
    const inWords = criticisms.some(({ words }) => words !== undefined);
    return outcome(inWords ? attempts.at(-1) : best(attempts, attempts.map((_, at) => criticisms[at]?.value ?? 0)), attempts);
  },
};
