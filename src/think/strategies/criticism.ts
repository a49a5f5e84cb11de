import type { Sample } from "../sampler/sampler.ts";
import { ThinkError } from "../think-error.ts";
import type { Attempt, InstructedPrompt, Workplace } from "./strategy.ts";

/** What is said of an attempt. */
export interface Criticism {
  /** Whether it needs no revision. */
  readonly accepted: boolean;
  readonly value: number;
  /** What the model itself said, where it was asked. */
  readonly words?: string;
}

/** Says something of an attempt; `undefined` where the budget does not allow it. */
export type Critic = (attempt: Attempt) => Promise<Criticism | undefined>;

/** Tokens that a model has for saying what is wrong with an attempt. */
const CRITICISM_TOKENS = 400;

/** Who criticises the attempts at a problem, by the settings and by what the model can do. */
export function criticOf(place: Workplace): Critic {
  if (place.settings.criticism === "verifier") return byValue(place);
  return place.instructed ? byWords(place) : byLikelihood(place);
}

/** The verifier accepts, or a reward model is sure enough. */
function byValue(place: Workplace): Critic {
  const least = place.rewarded ? place.settings.confidence : 1;
  return async (attempt) => {
    const value = await place.value(attempt);
    return { value, accepted: value >= least };
  };
}

/** A model that cannot be asked doubts what it found unlikely as it wrote it. */
function byLikelihood({ settings: { confidence } }: Workplace): Critic {
  return async ({ meanLogProbability }) => {
    if (meanLogProbability === undefined) throw new ThinkError("The model neither follows instructions nor gives log-probabilities, so that it cannot criticise itself; let the verifier do it.");
    const value = Math.exp(meanLogProbability);
    return { value, accepted: value >= confidence };
  };
}

/** The model is asked what is wrong, and says in the end whether anything is. */
function byWords(place: Workplace): Critic {
  return async ({ text }) => {
    const [sample] = await place.ask(criticismQuestion(place.question, text), 1, { temperature: 0, maxTokens: CRITICISM_TOKENS });
    if (sample === undefined) return undefined;
    const accepted = sample.text.match(/\b(CORRECT|WRONG)\b/g)?.at(-1) === "CORRECT";
    return { accepted, value: Number(accepted), words: sample.text.trim() };
  };
}

function criticismQuestion({ prompt, instruction }: InstructedPrompt, attempt: string): InstructedPrompt {
  return {
    instruction: `You look for mistakes in answers. The task was: ${instruction}`,
    prompt: `${prompt.trimEnd()}\n\nAn answer to this:\n${attempt.trim()}\n\nCheck it step by step and name each mistake. On the last line write CORRECT if there is none, else WRONG.`,
  };
}

/** Another attempt, by a model that sees its last one with what was said of it. */
export async function drawRevised(place: Workplace, attempt: Attempt, { words }: Criticism): Promise<Sample | undefined> {
  const { question, settings: { criticismText } } = place;
  const [sample] = words === undefined
    ? await place.draw(attempt.text + criticismText.replaceAll("{answer}", attempt.verdict.answer ?? "none"), 1)
    : await place.ask({ ...question, prompt: `${question.prompt.trimEnd()}\n\nAn earlier answer:\n${attempt.text.trim()}\n\nWhat was said of it:\n${words}\n\nAnswer anew.` }, 1);
  return sample;
}
