import type { Reward, Valued } from "../strategies/reward.ts";
import type { Problem } from "../tasks/task.ts";
import { aggregate, type Aggregation } from "./aggregate.ts";
import type { RewardScorer } from "./reward-scorer.ts";

/** What a reward model judges: whole attempts, or each step of them. */
export const rewardKinds = ["outcome", "process"] as const;
export type RewardKind = (typeof rewardKinds)[number];

type Scores = Promise<readonly number[]>;

/** A reward model in the verifier's place. What it has judged once is known from then on, and costs nothing more. */
export class ModelReward implements Reward {
  readonly ofSteps: Reward["ofSteps"];
  readonly #separator: string;
  /** By problem: the scores of each text that was judged, and of the steps in it. */
  readonly #known = new WeakMap<Problem, Map<string, Scores>>();

  constructor(readonly name: string, private readonly scorer: RewardScorer, private readonly kind: RewardKind, private readonly how: Aggregation) {
    const separator = scorer.form.separator ?? "";
    this.#separator = separator;
    this.ofSteps = kind === "outcome" ? undefined : (problem, steps) => this.#value(problem, steps.map((step) => step + separator).join(""), false);
  }

  ofAttempt(problem: Problem, text: string): Promise<Valued> {
    return this.#value(problem, text, true);
  }

  flops(tokens: number): number {
    // With the token that ends a text.
    return this.scorer.flops(tokens + 1);
  }

  async dispose(): Promise<void> {
    await this.scorer.dispose();
  }

  async #value(problem: Problem, text: string, whole: boolean): Promise<Valued> {
    const known = this.#known.get(problem) ?? new Map<string, Scores>();
    this.#known.set(problem, known);
    const before = known.get(keyOf(text, whole));
    if (before !== undefined) return { value: aggregate(await before, this.how) };
    const scored = this.scorer.score(problem.prompt, text, whole);
    const scores = scored.then((all) => (this.kind === "outcome" ? all.scores.slice(-1) : all.scores));
    known.set(keyOf(text, whole), scores);
    if (this.ofSteps !== undefined && this.#separator !== "") this.#rememberSteps(known, text, scores);
    return { value: aggregate(await scores, this.how), usage: (await scored).usage };
  }

  /** The first steps of an attempt read as they do alone. */
  #rememberSteps(known: Map<string, Scores>, text: string, scores: Scores): void {
    const separator = this.#separator;
    for (let step = 1, end = text.indexOf(separator); end >= 0; step++, end = text.indexOf(separator, end + separator.length)) {
      known.set(keyOf(text.slice(0, end + separator.length), false), scores.then((all) => all.slice(0, step)));
    }
  }
}

function keyOf(text: string, whole: boolean): string {
  return `${whole ? "whole" : "steps"} ${text}`;
}
