import type { Sample, SamplePrompt, Sampler } from "../sampler/sampler.ts";
import type { Attempt } from "../strategies/strategy.ts";
import type { Task } from "../tasks/task.ts";
import type { Answered } from "./probe.ts";

export interface PTrueOptions {
  /** Replies that are counted where the model gives no log-probabilities. */
  readonly samples: number;
  readonly seed: number;
}

/** A greedy answer with what else came to the model's mind. */
export interface Brainstormed extends Answered {
  readonly samples: readonly Attempt[];
}

/** Tokens of a reply whose letters are counted. */
const REPLY_TOKENS = 8;

/**
 * P(true) (Kadavath et al. 2022, section 3.2): a model that follows instructions sees its samples and its answer, and is asked
 * whether that is true. The probability of the letter it replies with where that is told, else the share of replies that
 * say so; one half where no reply is a letter.
 *
 * @returns of each answer, and the tokens that were written for all
 */
export async function pTrue(task: Task, answers: readonly Brainstormed[], sampler: Sampler, { samples, seed }: PTrueOptions): Promise<{ probabilities: number[]; tokens: number }> {
  const prompts = answers.map((answer, stream): SamplePrompt => ({ prompt: questionOf(task, answer), instruction: "Judge whether the proposed answer is true. Reply with one letter.", stream }));
  const letters = await sampler.generate(prompts, { samples: 1, temperature: 0, maxTokens: 1, seed });
  const told = letters.map(({ samples: [sample] }) => sample && byProbability(sample));
  const open = prompts.filter((_, at) => told[at] === undefined);
  const replies = open.length === 0 ? [] : await sampler.generate(open, { samples, temperature: 1, maxTokens: REPLY_TOKENS, seed: (seed + 1) % 2 ** 32 });
  const counted = replies.map((reply) => byFrequency(reply.samples)).values();
  return {
    probabilities: told.map((probability) => probability ?? counted.next().value ?? 0.5),
    tokens: [...letters, ...replies].reduce((sum, { usage }) => sum + usage.written, 0),
  };
}

function questionOf({ instruction }: Task, { problem, greedy, samples }: Brainstormed): string {
  const short = ({ verdict, text }: Attempt): string => verdict.answer ?? text.trim();
  return [
    instruction, "", problem.prompt.trim(), "", "Answers that came to mind:", ...samples.map((sample) => `- ${short(sample)}`), "",
    `Proposed answer: ${short(greedy)}`, "", "Is the proposed answer true?", "A: true", "B: false", "Reply with A or B.",
  ].join("\n");
}

/** Of one token; the two letters share all probability. */
function byProbability({ text, logProbabilities }: Sample): number | undefined {
  const [letter, logProbability] = [letterOf(text), logProbabilities?.[0]];
  if (letter === undefined || logProbability === undefined) return undefined;
  const probability = Math.min(1, Math.exp(logProbability));
  return letter === "A" ? probability : 1 - probability;
}

function byFrequency(replies: readonly Sample[]): number {
  const letters = replies.flatMap(({ text }) => letterOf(text) ?? []);
  return letters.length === 0 ? 0.5 : letters.filter((letter) => letter === "A").length / letters.length;
}

function letterOf(text: string): "A" | "B" | undefined {
  const letter = /\b([AB])\b/.exec(text)?.[1];
  return letter === "A" || letter === "B" ? letter : undefined;
}
