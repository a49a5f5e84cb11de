import type { Sample } from "../sampler/sampler.ts";
import type { Attempt, DrawOptions, Outcome, Workplace } from "./strategy.ts";

/** Independent attempts at the whole, until so many are made or the budget is used up. */
export async function drawAttempts(place: Workplace, samples: number, options: DrawOptions = {}): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  // Attempts are paid for in advance at their greatest length; what short ones leave pays for further ones.
  while (attempts.length < samples) {
    const drawn = await place.draw("", samples - attempts.length, options);
    if (drawn.length === 0) break;
    attempts.push(...await Promise.all(drawn.map((sample) => finish(place, sample.text, [sample]))));
  }
  return attempts;
}

/** An attempt with this text, for which these samples were drawn. */
export async function finish(place: Workplace, text: string, samples: readonly Sample[]): Promise<Attempt> {
  const tokens = samples.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  return { text, verdict: await place.judge(text), meanLogProbability: meanLogProbability(samples), tokens };
}

/** Of all tokens of several samples; `undefined` where one does not tell. */
export function meanLogProbability(samples: readonly Sample[]): number | undefined {
  const all: number[] = [];
  for (const { logProbabilities } of samples) {
    if (logProbabilities === undefined) return undefined;
    all.push(...logProbabilities);
  }
  return all.length === 0 ? undefined : all.reduce((sum, each) => sum + each, 0) / all.length;
}

/** The attempt of the greatest value; of equal ones the likeliest, then the first. */
export function best(attempts: readonly Attempt[], values: readonly number[]): Attempt | undefined {
  let found: { attempt: Attempt; value: number } | undefined;
  attempts.forEach((attempt, at) => {
    const value = values[at] ?? -Infinity;
    const better = found === undefined || value > found.value
      || (value === found.value && likelihood(attempt) > likelihood(found.attempt));
    if (better) found = { attempt, value };
  });
  return found?.attempt;
}

export function outcome(chosen: Attempt | undefined, attempts: readonly Attempt[]): Outcome | undefined {
  return chosen && { chosen, attempts };
}

function likelihood({ meanLogProbability: mean = -Infinity }: Attempt): number {
  return mean;
}
