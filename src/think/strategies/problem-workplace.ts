import { hash32 } from "../../data/shuffle.ts";
import type { Sample, SampleOptions, SamplePrompt, Sampler } from "../sampler/sampler.ts";
import type { DrawSamples } from "../sampler/shared-sampler.ts";
import type { Problem, Task } from "../tasks/task.ts";
import type { Verdict, Verifier } from "../verify/verdict.ts";
import type { Account } from "./budget.ts";
import type { Reward, Valued } from "./reward.ts";
import type { Attempt, DrawOptions, InstructedPrompt, StrategySettings, Workplace } from "./strategy.ts";

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

  get question(): InstructedPrompt {
    return { prompt: this.options.problem.prompt, instruction: this.options.task.instruction };
  }

  get instructed(): boolean {
    return this.sampler.followsInstructions ?? false;
  }

  get rewarded(): boolean {
    return this.options.reward !== undefined;
  }

  async draw(written: string, samples: number, options?: DrawOptions): Promise<readonly Sample[]> {
    return this.#draw({ ...this.question, written }, samples, options);
  }

  async ask(question: InstructedPrompt, samples: number, options?: DrawOptions): Promise<readonly Sample[]> {
    return this.#draw({ ...question, written: "" }, samples, options);
  }

  judge(text: string): Promise<Verdict> {
    return this.options.verifier.judge(this.options.problem, text);
  }

  async judgeSteps(steps: readonly string[]): Promise<number> {
    const { reward, problem, verifier } = this.options;
    if (reward === undefined) return verifier.judgeSteps(problem, steps);
    // A reward that judges whole attempts alone says nothing against what is not whole.
    return reward.ofSteps === undefined ? 1 : this.#paid(await reward.ofSteps(problem, steps));
  }

  async value(attempt: Attempt): Promise<number> {
    const { reward, problem } = this.options;
    return reward === undefined ? Number(attempt.verdict.correct) : this.#paid(await reward.ofAttempt(problem, attempt.text));
  }

  async #draw(
    { written, ...asked }: Omit<SamplePrompt, "stream"> & { readonly written: string }, samples: number, options: DrawOptions = {},
  ): Promise<readonly Sample[]> {
    const { settings, account, place, seed, signal } = this.options;
    const { temperature = settings.temperature, maxTokens = settings.maxTokens, stop = [] } = options;
    const cost = { read: this.sampler.countTokens(asked.prompt + written), written: maxTokens };
    const isFull = written !== "" && cost.read >= (this.sampler.context ?? Infinity);
    const count = isFull ? 0 : account.affordable(cost, samples);
    if (count === 0) return [];
    const request: SampleOptions = { samples: count, temperature, maxTokens, stop, seed, signal };
    const stream = hash32(seed, place, this.#draws++);
    return account.holding(cost, count, async () => {
      const { samples: drawn, usage } = await this.drawSamples({ ...asked, written, stream }, request);
      account.add(usage);
      for (const { tokenCount } of drawn) account.owe(cost.read + tokenCount);
      return drawn;
    });
  }

  #paid({ value, usage }: Valued): number {
    if (usage !== undefined) this.options.account.payJudgement(usage);
    return value;
  }
}
