import { bestOfN } from "./best-of-n.ts";
import { budgetForcing } from "./budget-forcing.ts";
import { diverseTree } from "./diverse-tree.ts";
import { greedy } from "./greedy.ts";
import { majorityVote } from "./majority-vote.ts";
import { monteCarlo } from "./monte-carlo.ts";
import { revision } from "./revision.ts";
import { stepBeam } from "./step-beam.ts";
import type { Strategy } from "./strategy.ts";
import { weightedVote } from "./weighted-vote.ts";

/** The strategies that there are, by the names that the command line knows them by. */
export const strategies = {
  greedy,
  "best-of-n": bestOfN,
  "majority-vote": majorityVote,
  "weighted-vote": weightedVote,
  "step-beam": stepBeam,
  "diverse-tree": diverseTree,
  "monte-carlo": monteCarlo,
  revision,
  "budget-forcing": budgetForcing,
} as const satisfies Readonly<Record<string, Strategy>>;

export type StrategyName = keyof typeof strategies;
