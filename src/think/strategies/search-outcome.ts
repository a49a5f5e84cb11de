import { best } from "./attempts.ts";
import type { Attempt, Outcome, Workplace } from "./strategy.ts";

/** The attempts that a search has finished, with their values. */
export class FinishedAttempts {
  readonly #attempts: Attempt[] = [];
  readonly #values: number[] = [];

  constructor(private readonly place: Workplace) {}

  get count(): number {
    return this.#attempts.length;
  }

  /** Whether one is as good as can be. */
  get solved(): boolean {
    return this.#values.some((value) => value >= 1);
  }

  /** Adds an attempt and gives its value. */
  async add(attempt: Attempt): Promise<number> {
    const value = await this.place.value(attempt);
    this.#attempts.push(attempt);
    this.#values.push(value);
    return value;
  }

  outcome(): Outcome | undefined {
    const chosen = best(this.#attempts, this.#values);
    return chosen && { chosen, attempts: this.#attempts };
  }
}

/**
 * Searches anew until an attempt is accepted, the settings' `samples` are finished or the budget is used up.
 *
 * @param searchOnce adds what it finishes; says whether the budget lasted
 */
export async function searchAnew(place: Workplace, searchOnce: (place: Workplace, finished: FinishedAttempts) => Promise<boolean>): Promise<Outcome | undefined> {
  const finished = new FinishedAttempts(place);
  const { samples } = place.settings;
  // A search may finish nothing, where all steps are wrong.
  for (let round = 0; round < samples && finished.count < samples && !finished.solved; round++) {
    if (!await searchOnce(place, finished)) break;
  }
  return finished.outcome();
}
