import { hash32 } from "../../data/shuffle.ts";
import type { Sample, SampleOptions, Sampler } from "../sampler/sampler.ts";
import type { DrawSamples } from "../sampler/shared-sampler.ts";
import type { Problem, Task } from "../tasks/task.ts";
import type { Verdict, Verifier } from "../verify/verdict.ts";
import type { Account } from "./budget.ts";
import type { Attempt, DrawOptions, StrategySettings, Workplace } from "./strategy.ts";

/** How good a finished attempt is, from 0 to 1: the place of a reward model. */
export type Reward = (problem: Problem, attempt: Attempt) => number | Promise<number>;

export interface WorkplaceOptions {
  readonly task: Task;
  readonly problem: Problem;
  /** Of the problem among those that are solved; its draws depend on it. */
  readonly place: number;
  readonly settings: StrategySettings;
  readonly account: Account;
  readonly verifier: Verifier;
  /** In place of the verifier. */
  readonly reward?: Reward | undefined;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/** One problem on a sampler that others draw from too. */
export class ProblemWorkplace implements Workplace {
  #draws = 0;

  constructor(private readonly options: WorkplaceOptions, private readonly sampler: Sampler, private readonly drawSamples: DrawSamples) {}

  get settings(): StrategySettings {
    return this.options.settings;
  }

  get separator(): string | undefined {
    return this.options.task.steps?.separator;
  }

  async draw(written: string, samples: number, options: DrawOptions = {}): Promise<readonly Sample[]> {
    const { settings, task, problem, account, place, seed, signal } = this.options;
    const { temperature = settings.temperature, maxTokens = settings.maxTokens, stop = [] } = options;
    const cost = { read: this.#countRead(written), written: maxTokens };
    const affordable = account.affordable(cost, samples);
    if (affordable === 0) return [];
    // Problems whose budgets let them draw about as much draw the same, and so in one batch.
    const count = affordable === samples ? samples : 2 ** Math.floor(Math.log2(affordable));
    const request: SampleOptions = { samples: count, temperature, maxTokens, stop, seed, signal };
    const stream = hash32(seed, place, this.#draws++);
    return account.holding(cost, count, async () => {
      const { samples: drawn, usage } = await this.drawSamples({ prompt: problem.prompt, written, instruction: task.instruction, stream }, request);
      account.add(usage);
      return drawn;
    });
  }

  judge(text: string): Promise<Verdict> {
    return this.options.verifier.judge(this.options.problem, text);
  }

  judgeSteps(steps: readonly string[]): Promise<number> {
    return this.options.verifier.judgeSteps(this.options.problem, steps);
  }

  async value(attempt: Attempt): Promise<number> {
    const { reward, problem } = this.options;
    return reward === undefined ? Number(attempt.verdict.correct) : reward(problem, attempt);
  }

  #countRead(written: string): number {
    return this.sampler.countTokens(this.options.problem.prompt + written);
  }
}
