import { BEGINNING, bestPartials, nextSteps, type PartialSolution } from "./partial.ts";
import { searchAnew, type FinishedAttempts } from "./search-outcome.ts";
import type { Strategy, Workplace } from "./strategy.ts";

/**
 * Diverse verifier tree search (Beeching, Tunstall and Rush 2024): subtrees that begin with different steps are searched
 * each by itself, holding the best of the steps that are drawn, so that the beam cannot fall onto one idea. It begins anew
 * until an attempt is accepted, `samples` are finished or the budget is used up.
 */
export const diverseTree: Strategy = {
  description: "subtrees with different beginnings, each searched by itself and guided by the step score",
  verifies: true,
  rewards: "steps",
  solve: (place) => searchAnew(place, searchOnce),
};

/** Whether the budget lasted. */
async function searchOnce(place: Workplace, finished: FinishedAttempts): Promise<boolean> {
  const { beam, width } = place.settings;
  const roots = await nextSteps(place, BEGINNING, beam * width);
  for (const attempt of roots.attempts) await finished.add(attempt);
  const lasted = await Promise.all(bestPartials(roots.partials, beam).map((root) => searchSubtree(place, root, finished)));
  // A subtree may be refused what another holds for the moment.
  return !roots.exhausted && (lasted.length === 0 || lasted.some((each) => each));
}

async function searchSubtree(place: Workplace, root: PartialSolution, finished: FinishedAttempts): Promise<boolean> {
  let held: PartialSolution | undefined = root;
  while (held !== undefined) {
    const { partials, attempts, exhausted } = await nextSteps(place, held, place.settings.width);
    for (const attempt of attempts) await finished.add(attempt);
    if (exhausted) return false;
    [held] = finished.solved ? [] : bestPartials(partials, 1);
  }
  return true;
}
