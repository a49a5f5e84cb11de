import { best } from "./attempts.ts";
import type { Attempt } from "./strategy.ts";

/**
 * The attempt for whose answer the weights of all attempts add up to most; of those that give it, the likeliest.
 * Attempts without an answer have no vote, unless there is no other.
 *
 * @param weights one an attempt
 */
export function elect(attempts: readonly Attempt[], weights: readonly number[]): Attempt | undefined {
  const votes = new Map<string, number>();
  attempts.forEach(({ verdict: { meaning } }, at) => {
    if (meaning !== undefined) votes.set(meaning, (votes.get(meaning) ?? 0) + (weights[at] ?? 0));
  });
  return best(attempts, attempts.map(({ verdict: { meaning } }) => (meaning === undefined ? -Infinity : votes.get(meaning) ?? 0))) ?? attempts[0];
}
