import { BEGINNING, bestPartials, nextSteps, type PartialSolution } from "./partial.ts";
import { searchAnew, type FinishedAttempts } from "./search-outcome.ts";
import type { Strategy, Workplace } from "./strategy.ts";

/**
 * Beam search over steps (Snell et al. 2024, section 5.2): of the steps that are drawn after the partial solutions held, the
 * best are held next, by the step score. It begins anew until an attempt is accepted, `samples` are finished or the
 * budget is used up.
 */
export const stepBeam: Strategy = {
  description: "beam search over steps, guided by the step score",
  verifies: true,
  rewards: "steps",
  solve: (place) => searchAnew(place, searchOnce),
};

/** Whether the budget lasted. */
async function searchOnce(place: Workplace, finished: FinishedAttempts): Promise<boolean> {
  const { beam, width } = place.settings;
  let held: readonly PartialSolution[] = [BEGINNING];
  while (held.length > 0) {
    // The beginning stands for all places of the beam.
    const each = held[0] === BEGINNING ? beam * width : width;
    const found = await Promise.all(held.map((partial) => nextSteps(place, partial, each)));
    for (const attempt of found.flatMap(({ attempts }) => attempts)) await finished.add(attempt);
    if (finished.solved || found.every(({ exhausted }) => exhausted)) return false;
    held = bestPartials(found.flatMap(({ partials }) => partials), beam);
  }
  return true;
}
