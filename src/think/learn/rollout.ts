import { hash32 } from "../../data/shuffle.ts";
import type { Generator } from "../../decode/language/generator.ts";
import type { GeneratedText } from "../../decode/language/generation-options.ts";
import type { TextVocabulary } from "../../decode/language/vocabulary.ts";
import type { GrpoTrainingConfig } from "../../train/config/grpo.ts";
import type { Figures } from "../../train/step-programs.ts";
import type { Problem, Task } from "../tasks/task.ts";
import { ThinkError } from "../think-error.ts";
import type { Verifier } from "../verify/verdict.ts";
import { groupAdvantages, hasVariance } from "./advantages.ts";

/** Rows that are written at once: more fill the processor no better, and take memory. */
const ROWS = 256;

/** An attempt that was drawn and rewarded. */
export interface RewardedSample {
  /** Of the prompt and of what was written after it, the token that ended it included. */
  readonly tokens: Int32Array;
  /** How many of them are the prompt's. */
  readonly promptLength: number;
  readonly advantage: number;
}

/** What a model is learned from at once: groups of attempts at the same problem. */
export interface Rollout {
  readonly samples: readonly RewardedSample[];
  /** Of all that was drawn: `reward`, `withoutVariance` (share of groups), `length` (tokens) and `drawn` (samples). */
  readonly figures: Figures;
}

/** Whose attempts are rewarded, at what. */
export interface Explorer {
  readonly task: Task;
  readonly verifier: Verifier;
  readonly generator: Generator;
  readonly tokenizer: TextVocabulary;
  /** The most tokens that the model can look at, where there is a bound. */
  readonly context: number | undefined;
  readonly maxTokens: number;
}

export type RolloutOptions = Pick<GrpoTrainingConfig, "problems" | "samples" | "temperature" | "advantages" | "dynamicSampling" | "rounds"> & {
  readonly seed: number;
};

interface Group {
  readonly samples: readonly GeneratedText[];
  readonly promptTokens: Int32Array;
  /** 1 for a right answer, else 0. */
  readonly rewards: readonly number[];
}

/**
 * Draws attempts at problems of the training split. Which problems and draws they are follows from the seed and the
 * rollout's number alone. With dynamic sampling, groups whose rewards are all equal give way to those of as many further
 * problems, up to so many rounds; what is still missing then is filled up with them.
 *
 * @throws ThinkError where the task has too few problems, or one is longer than the model can look at
 */
export async function drawRollout(explorer: Explorer, number: number, options: RolloutOptions): Promise<Rollout> {
  const { problems, dynamicSampling, rounds, advantages } = options;
  const all: Group[] = [];
  const useful = (): Group[] => (dynamicSampling ? all.filter(({ rewards }) => hasVariance(rewards)) : all);
  for (let round = 0; round < rounds && useful().length < problems; round++) {
    all.push(...await drawGroups(explorer, problems - useful().length, hash32(options.seed, number, round), options));
  }
  const chosen = [...new Set([...useful(), ...all])].slice(0, problems);
  return { samples: chosen.flatMap((group) => rewarded(group, advantages)), figures: figuresOf(all) };
}

async function drawGroups(explorer: Explorer, count: number, seed: number, { samples, temperature }: RolloutOptions): Promise<Group[]> {
  const { task, generator, maxTokens } = explorer;
  const problems = await task.problems("train", { seed, count });
  if (problems.length < count) {
    throw new ThinkError(`${task.name} has ${problems.length} training problems, fewer than the ${count} of a rollout; lower training.problems.`);
  }
  const promptTokens = problems.map((problem) => encodePrompt(explorer, problem));
  const texts = await generator.generate(problems.map(({ prompt }) => prompt), {
    samples, temperature, maxTokens, seed, streams: problems.map((_, at) => at), batch: Math.max(ROWS, samples),
  });
  return Promise.all(problems.map(async (problem, at) => {
    const own = texts[at] ?? [];
    return { samples: own, promptTokens: promptTokens[at] ?? new Int32Array(0), rewards: await rewardsOf(explorer, problem, own) };
  }));
}

function encodePrompt({ task, tokenizer, context = Infinity }: Explorer, { prompt }: Problem): Int32Array {
  const tokens = tokenizer.encode(prompt);
  if (tokens.length < context) return tokens;
  throw new ThinkError(`A problem of ${task.name} has ${tokens.length} tokens, but the model can look at ${context}; begin with a model of a larger context.`);
}

async function rewardsOf({ verifier }: Explorer, problem: Problem, texts: readonly GeneratedText[]): Promise<number[]> {
  return Promise.all(texts.map(async ({ text }) => Number((await verifier.judge(problem, text)).correct)));
}

function rewarded({ samples, promptTokens, rewards }: Group, kind: RolloutOptions["advantages"]): RewardedSample[] {
  const advantages = groupAdvantages(rewards, kind);
  return samples.map(({ details }, at) => ({
    tokens: Int32Array.of(...promptTokens, ...details.map(({ token }) => token)), promptLength: promptTokens.length, advantage: advantages[at] ?? 0,
  }));
}

function figuresOf(groups: readonly Group[]): Figures {
  const rewards = groups.flatMap((group) => group.rewards);
  const tokens = groups.reduce((sum, { samples }) => sum + samples.reduce((own, { details }) => own + details.length, 0), 0);
  return {
    reward: rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length,
    withoutVariance: groups.filter((group) => !hasVariance(group.rewards)).length / groups.length,
    length: tokens / rewards.length,
    drawn: rewards.length,
  };
}
