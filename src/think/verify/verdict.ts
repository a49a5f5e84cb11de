import type { Problem, Task } from "../tasks/task.ts";
import { withTimeLimit, type Limited } from "./time-limit.ts";

/** What is to be said of a text that was written as an answer. */
export interface Verdict {
  /** `undefined` where none could be read. */
  readonly answer: string | undefined;
  /** Equal for answers that say the same; `undefined` without an answer. */
  readonly meaning: string | undefined;
  readonly correct: boolean;
}

/** What verifiers failed at; each such answer counts as wrong. */
export interface VerifierFailures {
  /** Calls that threw. */
  thrown: number;
  /** Calls that did not end in time. */
  late: number;
  /** What the first of them said. */
  first: string | undefined;
}

export interface VerifierOptions {
  /** Of one call, milliseconds; 1,000 by default. */
  readonly timeLimit?: number;
}

/** A task's own judgement of texts, under a time limit, with its failures counted. Texts that were judged are remembered. */
export class Verifier {
  readonly failures: VerifierFailures = { thrown: 0, late: 0, first: undefined };
  readonly #timeLimit: number;
  readonly #known = new WeakMap<Problem, Map<string, Promise<Verdict>>>();

  constructor(readonly task: Task, { timeLimit = 1000 }: VerifierOptions = {}) {
    this.#timeLimit = timeLimit;
  }

  judge(problem: Problem, text: string): Promise<Verdict> {
    const known = this.#known.get(problem) ?? new Map<string, Promise<Verdict>>();
    this.#known.set(problem, known);
    const verdict = known.get(text) ?? this.#judge(problem, text);
    known.set(text, verdict);
    return verdict;
  }

  /** From 0 to 1: the last of the steps, after those before it; 1 where the task has no steps. */
  async judgeSteps(problem: Problem, steps: readonly string[]): Promise<number> {
    const { steps: rule } = this.task;
    if (rule === undefined) return 1;
    return this.#limited(() => rule.verify(problem, steps), 0);
  }

  async #judge(problem: Problem, text: string): Promise<Verdict> {
    let read: Pick<Verdict, "answer" | "meaning"> = { answer: undefined, meaning: undefined };
    // One call, for each has its price; what was read before it failed stands.
    const correct = await this.#limited(() => {
      const answer = this.task.parse(text);
      if (answer === undefined) return false;
      read = { answer, meaning: answer };
      read = { answer, meaning: this.task.meaning?.(problem, answer) ?? answer };
      return this.task.verify(problem, answer);
    }, false);
    return { ...read, correct };
  }

  async #limited<T>(call: () => T | Promise<T>, otherwise: T): Promise<T> {
    const result = await withTimeLimit(call, this.#timeLimit);
    if (result.kind === "done") return result.value;
    this.#count(result);
    return otherwise;
  }

  #count(result: Exclude<Limited<unknown>, { kind: "done" }>): void {
    if (result.kind === "late") this.failures.late++;
    else this.failures.thrown++;
    this.failures.first ??= result.kind === "late" ? `did not end within ${this.#timeLimit} ms` : `threw "${result.message}"`;
  }
}
