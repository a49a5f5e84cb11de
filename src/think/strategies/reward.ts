import type { Usage } from "../sampler/sampler.ts";
import type { Problem } from "../tasks/task.ts";

/** How good something is, from 0 to 1, and what it took to tell. */
export interface Valued {
  readonly value: number;
  /** Nothing where it was known already, or costs no model anything. */
  readonly usage?: Pick<Usage, "flops" | "seconds">;
}

/** What tells how good attempts are in the verifier's place, such as a reward model. */
export interface Reward {
  readonly name: string;
  /** Of a whole attempt. */
  ofAttempt(problem: Problem, text: string): Promise<Valued>;
  /** Of steps that do not make a whole yet; `undefined` for rewards that judge whole attempts alone. */
  readonly ofSteps: ((problem: Problem, steps: readonly string[]) => Promise<Valued>) | undefined;
  /** Floating-point operations of judging a text of so many tokens, prompt included; `undefined` where they are not known. */
  flops(tokens: number): number | undefined;
}
