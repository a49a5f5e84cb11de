/** What the rewards of a group of samples say of each of them. */

/** Whether there is something to learn from a group: some of its samples are better than others. */
export function hasVariance(rewards: readonly number[]): boolean {
  return rewards.some((reward) => reward !== rewards[0]);
}

/**
 * How much better each sample of a group is than the group: its reward less their mean, and "normalized" divided by their
 * standard deviation (Shao et al. 2024, section 4.1.2), "centered" not (Liu et al. 2025, section 3.2). They add up to zero.
 */
export function groupAdvantages(rewards: readonly number[], kind: "normalized" | "centered"): number[] {
  if (!hasVariance(rewards)) return rewards.map(() => 0);
  const mean = average(rewards);
  const differences = rewards.map((reward) => reward - mean);
  if (kind === "centered") return differences;
  const deviation = Math.sqrt(average(differences.map((difference) => difference ** 2)));
  return differences.map((difference) => difference / deviation);
}

function average(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}
