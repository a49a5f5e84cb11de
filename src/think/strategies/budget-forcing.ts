import type { Sample } from "../sampler/sampler.ts";
import { finish } from "./attempts.ts";
import type { Attempt, Strategy } from "./strategy.ts";

/**
 * Budget forcing (Muennighoff et al. 2025, section 3): where a text ends, `wait` is written in place of its end and the
 * model goes on; where it grows too long before it has an answer, `answerCue` is written and the model completes that.
 * Tokens are the likeliest.
 */
export const budgetForcing: Strategy = {
  description: "one attempt that is kept from ending, or cut off, as the settings say",
  verifies: false,
  rewards: "nothing",
  async solve(place) {
    const { wait, waits, answerCue } = place.settings;
    const attempts: Attempt[] = [];
    const samples: Sample[] = [];
    let text = "";
    for (let stretch = 0; stretch <= waits; stretch++) {
      const written = stretch === 0 ? "" : text + wait;
      const [sample] = await place.draw(written, 1, { temperature: 0 });
      if (sample === undefined) break;
      samples.push(sample);
      text = written + sample.text;
      attempts.push(await finish(place, text, samples));
      if (sample.reason === "length" || sample.reason === "context") break;
    }
    if (attempts.length > 0 && attempts.at(-1)?.verdict.answer === undefined) {
      const [sample] = await place.draw(text + answerCue, 1, { temperature: 0 });
      if (sample !== undefined) attempts.push(await finish(place, text + answerCue + sample.text, [...samples, sample]));
    }
    const chosen = attempts.at(-1);
    return chosen && { chosen, attempts };
  },
};
