import { hash32 } from "../../data/shuffle.ts";
import type { Sampler } from "../sampler/sampler.ts";
import type { StrategySettings } from "../strategies/strategy.ts";
import type { Problem, Task } from "../tasks/task.ts";
import { think } from "../think.ts";
import { ThinkError } from "../think-error.ts";
import { Verifier } from "../verify/verdict.ts";
import { prefixesOf, type AttemptForm } from "./encoded-attempt.ts";
import type { RewardKind } from "./model-reward.ts";

/** An attempt at a problem, with what a reward model is to say of it. */
export interface LabelledAttempt {
  readonly prompt: string;
  readonly text: string;
  readonly correct: boolean;
  /** From 0 to 1, one for each step's end, the whole's last; of an outcome that one alone. */
  readonly labels: readonly number[];
  /** Of the model that wrote it: nats a token, and tokens. */
  readonly meanLogProbability: number | null;
  readonly tokens: number;
}

export interface LabelOptions {
  readonly kind: RewardKind;
  /** Attempts at each problem. */
  readonly samples: number;
  /** Continuations that are drawn from each step; with none, the task's step verifier judges steps. */
  readonly rollouts: number;
  readonly settings: Partial<StrategySettings>;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((what: string, done: number, of: number) => void) | undefined;
}

/** Prefixes that are gone on from in one call of the sampler. */
const ROLLOUT_PROMPTS = 64;

/** @throws ThinkError where steps can be judged neither by the task nor by roll-outs */
export function requireSteps({ name, steps }: Task, { kind, rollouts }: Pick<LabelOptions, "kind" | "rollouts">): void {
  if (kind === "process" && rollouts === 0 && steps === undefined) {
    throw new ThinkError(`${name} has no steps of its own that could be judged; give --rollouts 8 to judge each token by how often what follows it ends right, or train an outcome model.`);
  }
}

/**
 * Draws attempts and labels them. Outcomes: whether the whole is right. Processes: whether nothing is wrong with the steps so
 * far by the task's step verifier, or the share of continuations from there that end right (Wang et al. 2024, "Math-Shepherd",
 * equation 4).
 *
 * @throws ThinkError as `think` and `requireSteps` do
 */
export async function labelledAttempts(task: Task, problems: readonly Problem[], sampler: Sampler, form: Pick<AttemptForm, "tokenizer" | "separator" | "context">, options: LabelOptions): Promise<LabelledAttempt[]> {
  const { kind, samples, rollouts, settings, seed, signal, onProgress } = options;
  requireSteps(task, options);
  const { solved, stopped } = await think(task, problems, sampler, {
    strategy: "majority-vote", settings: { ...settings, samples }, seed, ...(signal && { signal }),
    onSolved: (_, done) => onProgress?.("attempts", done, problems.length),
  });
  if (stopped !== undefined) throw stopped;
  const drawn = solved.flatMap(({ problem, attempts }) => attempts.map((attempt) => ({ problem, correct: attempt.verdict.correct, ...attempt })));
  const stepLabels = kind === "outcome" ? drawn.map(() => [])
    : rollouts === 0 ? await labelsByVerifier(task, drawn) : await labelsByRollouts(task, drawn, sampler, form, options);
  return drawn.map(({ problem: { prompt }, text, correct, meanLogProbability = null, tokens }, at) => (
    { prompt, text, correct, labels: [...(stepLabels[at] ?? []), Number(correct)], meanLogProbability, tokens }));
}

interface Drawn {
  readonly problem: Problem;
  readonly text: string;
  readonly correct: boolean;
}

/** Of the steps before the last, the least verdict so far. */
async function labelsByVerifier(task: Task, drawn: readonly Drawn[]): Promise<number[][]> {
  const verifier = new Verifier(task);
  return Promise.all(drawn.map(async ({ problem, text }) => {
    const steps = text.split(task.steps?.separator ?? "").slice(0, -1);
    const labels: number[] = [];
    for (const at of steps.keys()) labels.push(Math.min(labels.at(-1) ?? 1, await verifier.judgeSteps(problem, steps.slice(0, at + 1))));
    return labels;
  }));
}

/**
 * Of the steps before the last. Attempts that begin alike are gone on from once. Of what leaves the model no room to go on,
 * and of a text to which only its end is missing, the whole's label tells.
 */
async function labelsByRollouts(
  task: Task, drawn: readonly Drawn[], sampler: Sampler, form: Pick<AttemptForm, "tokenizer" | "separator" | "context">, { rollouts, settings, seed, signal, onProgress }: LabelOptions,
): Promise<number[][]> {
  const verifier = new Verifier(task);
  const beginnings = new Map<Problem, Map<string, number>>();
  const prefixes = drawn.map(({ problem, text }) => {
    const own = prefixesOf(form, text).slice(0, -1);
    const known = beginnings.get(problem) ?? new Map<string, number>();
    beginnings.set(problem, known);
    const leavesRoom = (written: string): boolean => form.tokenizer.encode(problem.prompt + written).length < (form.context ?? Infinity);
    for (const written of own) if (written !== text && leavesRoom(written)) known.set(written, 0);
    return own;
  });
  const all = [...beginnings].flatMap(([problem, known]) => [...known.keys()].map((written) => ({ problem, written, known })));
  for (let from = 0; from < all.length; from += ROLLOUT_PROMPTS) {
    const some = all.slice(from, from + ROLLOUT_PROMPTS);
    const sampled = await sampler.generate(
      some.map(({ problem: { prompt }, written }, at) => ({ prompt, written, instruction: task.instruction, stream: hash32(seed, from + at) })),
      { samples: rollouts, temperature: settings.temperature ?? 1, maxTokens: settings.maxTokens ?? task.length + 1, seed: (seed + 1) % 2 ** 32, signal },
    );
    for (const [at, { problem, written, known }] of some.entries()) {
      const verdicts = await Promise.all((sampled[at]?.samples ?? []).map(({ text }) => verifier.judge(problem, written + text)));
      known.set(written, verdicts.filter(({ correct }) => correct).length / rollouts);
    }
    onProgress?.("roll-outs", Math.min(all.length, from + ROLLOUT_PROMPTS), all.length);
  }
  return drawn.map(({ problem, correct }, at) => (prefixes[at] ?? []).map((written) => beginnings.get(problem)?.get(written) ?? Number(correct)));
}
