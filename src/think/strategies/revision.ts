import { finish } from "./attempts.ts";
import { FinishedAttempts } from "./search-outcome.ts";
import type { Attempt, Strategy } from "./strategy.ts";

/**
 * Attempts one after the other: the model sees its last one and that it was not accepted, and tries again (Snell et al.
 * 2024, section 6). The first is of the likeliest tokens. It ends when one is accepted, `samples` are made or the budget
 * is used up.
 */
export const revision: Strategy = {
  description: "attempts one after the other, each after the last and its criticism",
  verifies: true,
  async solve(place) {
    const { samples, criticism } = place.settings;
    const finished = new FinishedAttempts(place);
    for (let last: Attempt | undefined; finished.count < samples && !finished.solved;) {
      const seen: string = last === undefined ? "" : last.text + criticism.replaceAll("{answer}", last.verdict.answer ?? "none");
      const [sample] = await place.draw(seen, 1, last === undefined ? { temperature: 0 } : {});
      if (sample === undefined) break;
      last = await finish(place, sample.text, [sample]);
      await finished.add(last);
    }
    return finished.outcome();
  },
};
