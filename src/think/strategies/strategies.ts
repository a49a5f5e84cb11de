import { bestOfN } from "./best-of-n.ts";
import { greedy } from "./greedy.ts";
import { majorityVote } from "./majority-vote.ts";
import type { Strategy } from "./strategy.ts";
import { weightedVote } from "./weighted-vote.ts";

/** The strategies that there are, by the names that the command line knows them by. */
export const strategies = {
  greedy,
  "best-of-n": bestOfN,
  "majority-vote": majorityVote,
  "weighted-vote": weightedVote,
} as const satisfies Readonly<Record<string, Strategy>>;

export type StrategyName = keyof typeof strategies;
