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
