/** How likely models find each choice of a question. */
import { DataError } from "../../data/data-error.ts";
import type { Question } from "../../data/questions.ts";
import type { TextModel } from "../../decode/language/generator.ts";
import type { Engine } from "../../engines/engine.ts";
import { scoreContinuations, type Continuation, type ScoreContinuationsOptions } from "./score-continuations.ts";
import type { Translator } from "../translator/translator.ts";

/** Of one question; an entry for each choice, nats. */
export interface ChoiceScores {
  /** log p(choice | prompt). */
  readonly given: readonly number[];
  /** log p(choice), without the prompt, where it was asked for. */
  readonly alone?: readonly number[];
  /** Tokens at the beginning of the prompt that the model could not look at, for the choice that left it least room. */
  readonly leftOut: number;
}

export interface ScoreChoicesOptions extends ScoreContinuationsOptions {
  /** Whether choices are scored without their prompt too. */
  readonly alone?: boolean;
  /** What a language model reads between prompt and choice where neither has white space there; a blank by default. */
  readonly delimiter?: string;
}

/**
 * Scores choices by a language model. Prompt and choice are made into tokens together, and the choice is what differs from
 * the prompt's own tokens. White space at a prompt's end counts to the choice, as tokens of words begin with theirs (both
 * as in EleutherAI's lm-evaluation-harness, lm_eval/api/model.py). Where a token spans the boundary for some choice, the
 * tokens before it are what all choices of the question are given, so that their scores can be compared.
 *
 * A prompt that does not fit the model's context loses its beginning.
 * @throws DataError where a choice has no token, or does not fit the context by itself
 */
export async function scoreChoices(
  source: TextModel, questions: readonly Question[], engine: Engine, { alone = false, delimiter = " ", ...options }: ScoreChoicesOptions = {},
): Promise<ChoiceScores[]> {
  const joined = questions.map(({ prompt, choices, place }) => ({
    prompt: prompt.trimEnd(), endings: choices.map((choice) => ending(prompt, choice, delimiter)), place,
  }));
  const rows = joined.map(({ prompt, endings, place }) => continuations(source, prompt, endings, place));
  // What several questions offer, such as "yes", is judged once.
  const places = new Map(alone ? joined.flatMap(({ endings, place }) => endings.map((text) => [text, place] as const)) : []);
  const aloneRows = [...places].flatMap(([text, place]) => continuations(source, "", [text], place));
  const scores = await scoreContinuations(source, [...rows.flat(), ...aloneRows], engine, options);
  const scoresAlone = scores.splice(scores.length - aloneRows.length);
  const byText = new Map([...places.keys()].map((text, at) => [text, scoresAlone[at] ?? NaN]));
  return rows.map((own, at) => ({
    given: scores.splice(0, own.length),
    ...(alone && { alone: (joined[at]?.endings ?? []).map((text) => byText.get(text) ?? NaN) }),
    leftOut: Math.max(...own.map(({ leftOut }) => leftOut)),
  }));
}

/** Scores choices by an encoder-decoder: each as a whole target, end token included, of the prompt as source. */
export async function scoreChoicesAsTargets(
  translator: Translator, questions: readonly Question[], { alone = false, batch = 32, onProgress }: Omit<ScoreChoicesOptions, "delimiter"> = {},
): Promise<ChoiceScores[]> {
  const scores: ChoiceScores[] = [];
  for (let first = 0; first < questions.length; first += batch) {
    const portion = questions.slice(first, first + batch);
    const score = async (source: (question: Question) => string): Promise<number[][]> => {
      const pairs = portion.flatMap((question) => question.choices.map((target) => ({ source: source(question), target })));
      const all = (await translator.score(pairs, { batch })).map(({ logProbability }) => logProbability);
      return portion.map(({ choices }) => all.splice(0, choices.length));
    };
    const given = await score(({ prompt }) => prompt);
    const without = alone ? await score(() => "") : [];
    scores.push(...given.map((own, at) => ({ given: own, ...(alone && { alone: without[at] ?? [] }), leftOut: 0 })));
    onProgress?.(scores.length, questions.length);
  }
  return scores;
}

interface Row extends Continuation {
  readonly leftOut: number;
}

/** What a choice adds to the prompt without the white space at its end. */
function ending(prompt: string, choice: string, delimiter: string): string {
  const blank = prompt.slice(prompt.trimEnd().length);
  const joins = prompt === "" || blank !== "" || /^\s/u.test(choice);
  return blank + (joins ? "" : delimiter) + choice;
}

function continuations({ model, tokenizer, beginning = [], ends = [] }: TextModel, prompt: string, endings: readonly string[], place: string): Row[] {
  const own = tokenizer.encode(prompt);
  const whole = endings.map((text) => tokenizer.encode(prompt + text));
  const shared = Math.min(...whole.map((tokens) => commonLength(own, tokens)));
  const before = shared > 0 || beginning.length > 0 ? beginning : ends.slice(0, 1);
  if (shared + before.length === 0) {
    throw new DataError(`${place}: nothing stands before the choice, and the model has no token that texts begin or end with; give a prompt.`);
  }
  return whole.map((tokens, choice) => {
    const judged = tokens.length - shared;
    if (judged === 0) throw new DataError(`${place}: choice ${choice + 1} has no token of the model's vocabulary; give it text that the tokenizer keeps.`);
    const context = model.context ?? Infinity;
    if (judged > context) {
      throw new DataError(`${place}: choice ${choice + 1} has ${judged} tokens, but the model can look at ${context}; shorten it.`);
    }
    // The last token is only predicted, so a row has one more than the model looks at.
    const leftOut = Math.max(0, before.length + tokens.length - 1 - context);
    return { tokens: Int32Array.from([...before, ...tokens].slice(leftOut)), from: before.length + shared - leftOut, leftOut };
  });
}

function commonLength(a: Int32Array, b: Int32Array): number {
  const different = a.findIndex((token, at) => token !== b[at]);
  return different < 0 ? a.length : different;
}
