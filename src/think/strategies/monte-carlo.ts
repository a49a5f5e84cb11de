import type { Sample } from "../sampler/sampler.ts";
import { finish } from "./attempts.ts";
import { FinishedAttempts } from "./search-outcome.ts";
import type { Strategy, Workplace } from "./strategy.ts";

/** How much a step counts for being likely, beside the value of what followed it: c of PUCT. */
const EXPLORATION = 1.4;

/** Steps written so far, and what became of solutions that began with them. */
class Branch {
  readonly children = new Map<string, Branch>();
  /** Solutions drawn that began so. */
  visits = 0;
  /** Sum of their values. */
  total = 0;
  /** How often solutions were drawn from just here, and how many in all. */
  expansions = 0;
  drawn = 0;
  /** How many of the parent's draws began with its last step. */
  chosen = 0;

  /** `closed`: nothing is to be found below, as a step is wrong or the solution has ended. */
  constructor(readonly steps: readonly string[], public closed: boolean) {}
}

/**
 * Monte Carlo tree search over steps. Each turn goes down the tree by PUCT (Silver et al. 2017, "Methods"), where a
 * step's prior is its share of the draws; draws whole solutions from there, whose first steps become branches; and adds
 * their values on the way back. Branches that were visited often are drawn from again (progressive widening; Coulom
 * 2007). It ends when an attempt is accepted, `samples` are finished or the budget is used up.
 */
export const monteCarlo: Strategy = {
  description: "Monte Carlo tree search over steps, by the values of the solutions that follow them",
  verifies: true,
  rewards: "attempts",
  async solve(place) {
    const finished = new FinishedAttempts(place);
    const root = new Branch([], false);
    while (!finished.solved && finished.count < place.settings.samples && await turn(place, root, finished));
    return finished.outcome();
  },
};

/** Whether the budget allowed it. */
async function turn(place: Workplace, root: Branch, finished: FinishedAttempts): Promise<boolean> {
  const path = descend(root, place.settings.width);
  const branch = path.at(-1) ?? root;
  const { separator = "", settings } = place;
  const written = branch.steps.map((step) => step + separator).join("");
  const drawn = await place.draw(written, Math.min(settings.width, settings.samples - finished.count));
  if (drawn.length === 0) return false;
  branch.expansions++;
  for (const sample of drawn) await follow(place, path, sample, written, finished);
  closeExhausted(path);
  return true;
}

/** Closes branches all of whose branches are closed; the root stays open, for there is nowhere else to go. */
function closeExhausted([, ...path]: readonly Branch[]): void {
  for (const branch of path.toReversed()) branch.closed ||= [...branch.children.values()].every(({ closed }) => closed);
}

/** From the root to where solutions are drawn next. */
function descend(root: Branch, width: number): Branch[] {
  const path = [root];
  for (let branch = root; ;) {
    const open = [...branch.children.values()].filter(({ closed }) => !closed);
    const draws = branch.expansions < Math.sqrt(branch.visits / width);
    if (open.length === 0 || draws) return path;
    branch = open.reduce((best, child) => (promise(child, branch) > promise(best, branch) ? child : best));
    path.push(branch);
  }
}

function promise({ visits, total, chosen }: Branch, parent: Branch): number {
  return total / visits + (EXPLORATION * (chosen / parent.drawn) * Math.sqrt(parent.visits)) / (1 + visits);
}

/** Files a solution that was drawn after `written` under its first step, and adds its value on the way back. */
async function follow(place: Workplace, path: readonly Branch[], sample: Sample, written: string, finished: FinishedAttempts): Promise<void> {
  const branch = path.at(-1);
  if (branch === undefined) return;
  const attempt = await finish(place, written + sample.text, [sample]);
  const value = await finished.add(attempt);
  const [first = "", ...rest] = place.separator === undefined ? [sample.text] : sample.text.split(place.separator);
  const steps = [...branch.steps, first];
  const child = branch.children.get(first) ?? new Branch(steps, rest.length === 0 || await place.judgeSteps(steps) <= 0);
  branch.children.set(first, child);
  branch.drawn++;
  child.chosen++;
  for (const passed of [...path, child]) {
    passed.visits++;
    passed.total += value;
  }
}
