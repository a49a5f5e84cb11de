import { failWithoutTokens, IMPOSSIBLE, requireCount } from "../generation.ts";

/** How the next token is chosen from a distribution. Restrictions apply in the order in which they stand here. */
export interface TokenChoice {
  /** Takes the likeliest token instead of drawing. */
  readonly greedy?: boolean;
  /**
   * Logits of tokens that have occurred, in the prompt too, are divided by it where positive and multiplied where
   * negative (Keskar et al. 2019, section 4.1, and for negative logits as is usual since); 1 by default.
   */
  readonly repetitionPenalty?: number;
  /** Subtracted from the logit of a token for each time that it was written; 0 by default. */
  readonly frequencyPenalty?: number;
  /** Subtracted from the logits of tokens that were written at all; 0 by default. */
  readonly presencePenalty?: number;
  /** Logits are divided by it: below 1 sharpens, above 1 flattens; 1 by default. */
  readonly temperature?: number;
  /** Draws among the likeliest tokens only (Fan et al. 2018). */
  readonly topK?: number;
  /** Draws among the tokens whose information differs least from the entropy, of this probability together (Meister et al. 2023). */
  readonly typical?: number;
  /** Draws among the likeliest tokens of this probability together (Holtzman et al. 2020). */
  readonly topP?: number;
  /** Draws among tokens at least this probable, relative to the likeliest (Nguyen et al. 2024). */
  readonly minP?: number;
}

/** Log-probabilities of tokens, nats: all tokens' in order, or those of `tokens`. */
export interface TokenScores {
  readonly values: ArrayLike<number>;
  readonly tokens: ArrayLike<number> | undefined;
}

/** What has gone before: how often each token was written, and which ones occurred at all. */
export interface TokenHistory {
  readonly written: ReadonlyMap<number, number>;
  readonly occurred: ReadonlySet<number>;
}

/** @throws RangeError where an option makes no sense */
export function checkTokenChoice(choice: TokenChoice): void {
  const { temperature = 1, topK, topP, minP, typical, repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0 } = choice;
  if (topK !== undefined) requireCount("topK", topK);
  if (!(temperature > 0 && temperature < Infinity)) {
    throw new RangeError(`The temperature is ${temperature}; give a number above 0, or greedy for the likeliest token.`);
  }
  for (const [name, share] of Object.entries({ topP, minP, typical })) {
    if (share !== undefined && !(share > 0 && share <= 1)) throw new RangeError(`${name} is ${share}; give a probability above 0 and up to 1.`);
  }
  if (!(repetitionPenalty > 0 && repetitionPenalty < Infinity)) {
    throw new RangeError(`The repetition penalty is ${repetitionPenalty}; give a number above 0, where 1 is without effect.`);
  }
  for (const [name, penalty] of Object.entries({ frequency: frequencyPenalty, presence: presencePenalty })) {
    if (!Number.isFinite(penalty)) throw new RangeError(`The ${name} penalty is ${penalty}; give a number, where 0 is without effect.`);
  }
}

/** Whether the choice depends on what was written before. */
export function penalizes({ repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0 }: TokenChoice): boolean {
  return repetitionPenalty !== 1 || frequencyPenalty !== 0 || presencePenalty !== 0;
}

/**
 * Log-probabilities of all tokens after penalties, up to a constant. `normalizer` is the logarithm of the sum of the
 * exponentials of the logits, which turns log-probabilities back into logits.
 */
export function penalized(values: ArrayLike<number>, normalizer: number, choice: TokenChoice, { written, occurred }: TokenHistory): Float32Array {
  const { repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0 } = choice;
  const scores = Float32Array.from(values);
  if (repetitionPenalty !== 1) {
    for (const token of occurred) {
      const logit = (scores[token] ?? NaN) + normalizer;
      scores[token] = (logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty) - normalizer;
    }
  }
  for (const [token, count] of written) scores[token] = (scores[token] ?? NaN) - count * frequencyPenalty - presencePenalty;
  return scores;
}

/**
 * The chosen token; `point` from [0, 1) is where a draw falls.
 *
 * @throws Error where no token has a probability above zero
 */
export function chooseToken(scores: TokenScores, choice: TokenChoice, point: number): number {
  if (choice.greedy === true || !restricts(choice)) {
    const chosen = choice.greedy === true ? likeliestOf(scores.values) : drawOfAll(scores.values, choice.temperature ?? 1, point);
    return scores.tokens?.[chosen] ?? chosen;
  }
  const { places, weights } = candidates(scores, choice);
  let rest = point * totalOf(places, weights);
  const chosen = places.find((at) => (rest -= weights[at] ?? 0) < 0) ?? places.at(-1);
  return chosen === undefined ? failWithoutTokens() : scores.tokens?.[chosen] ?? chosen;
}

function restricts({ topK, topP, minP, typical }: TokenChoice): boolean {
  return topK !== undefined || topP !== undefined || minP !== undefined || typical !== undefined;
}

/** The place where a draw falls among all tokens: what `candidates` would lead to, without arrays. */
function drawOfAll(values: ArrayLike<number>, temperature: number, point: number): number {
  const top = values[likeliestOf(values)] ?? NaN;
  const weight = (at: number): number => {
    const value = values[at] ?? NaN;
    return value > IMPOSSIBLE ? Math.exp((value - top) / temperature) : 0;
  };
  let total = 0;
  for (let at = 0; at < values.length; at++) total += weight(at);
  let rest = point * total;
  let last = 0;
  for (let at = 0; at < values.length; at++) {
    const own = weight(at);
    if (own === 0) continue;
    last = at;
    if ((rest -= own) < 0) break;
  }
  return last;
}

export interface Candidates {
  /** Places, in the scores, of the tokens that can be chosen. */
  readonly places: readonly number[];
  /** Probabilities by place, up to a factor that all share. */
  readonly weights: Float64Array;
}

/** What restrictions leave of a distribution. @throws Error where no token has a probability above zero */
export function candidates({ values }: TokenScores, choice: TokenChoice): Candidates {
  const best = likeliestOf(values);
  const top = values[best] ?? NaN;
  const { greedy = false, temperature = 1, topK, topP, minP, typical } = choice;
  if (greedy) return { places: [best], weights: new Float64Array(values.length).fill(1) };
  const weights = Float64Array.from(values, (value) => (value > IMPOSSIBLE ? Math.exp((value - top) / temperature) : 0));
  let places = topK === undefined ? positive(weights) : likeliest(positive(weights), weights, topK);
  if (typical !== undefined && typical < 1) places = typicalOnes(places, weights, typical);
  if (topP !== undefined && topP < 1) places = nucleus(places, weights, topP);
  if (minP !== undefined) {
    const least = minP * largestOf(places, weights);
    places = places.filter((at) => (weights[at] ?? 0) >= least);
  }
  return { places, weights };
}

/** The first place of the largest. @throws Error where no token has a probability above zero */
function likeliestOf(values: ArrayLike<number>): number {
  let best = 0;
  for (let at = 1; at < values.length; at++) if ((values[at] ?? NaN) > (values[best] ?? NaN)) best = at;
  return (values[best] ?? NaN) > IMPOSSIBLE ? best : failWithoutTokens();
}

function positive(weights: Float64Array): number[] {
  const places: number[] = [];
  weights.forEach((weight, at) => { if (weight > 0) places.push(at); });
  return places;
}

function largestOf(places: readonly number[], weights: Float64Array): number {
  return places.reduce((most, at) => Math.max(most, weights[at] ?? 0), 0);
}

function totalOf(places: readonly number[], weights: Float64Array): number {
  return places.reduce((sum, at) => sum + (weights[at] ?? 0), 0);
}

function inDescendingOrder(places: readonly number[], weights: Float64Array): number[] {
  return [...places].sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b);
}

function likeliest(places: readonly number[], weights: Float64Array, count: number): number[] {
  if (count >= places.length) return [...places];
  const least = Float64Array.from(places, (at) => weights[at] ?? 0).sort().at(-count) ?? 0;
  return inDescendingOrder(places.filter((at) => (weights[at] ?? 0) >= least), weights).slice(0, count);
}

/** The first of a list whose weights reach a share of all. */
function upTo(places: readonly number[], weights: Float64Array, sum: number): number[] {
  let reached = 0;
  const end = places.findIndex((at) => (reached += weights[at] ?? 0) >= sum);
  return places.slice(0, end < 0 ? places.length : end + 1);
}

function nucleus(places: readonly number[], weights: Float64Array, share: number): number[] {
  const total = totalOf(places, weights);
  // Once a token this unlikely comes after the first, it and all that follow weigh less than 1 - share: the share is reached.
  const least = Math.min(largestOf(places, weights), ((1 - share) * total) / Math.max(1, places.length - 1));
  const likely = places.filter((at) => (weights[at] ?? 0) >= least);
  return upTo(inDescendingOrder(likely, weights), weights, share * total);
}

function typicalOnes(places: readonly number[], weights: Float64Array, share: number): number[] {
  const total = totalOf(places, weights);
  const information = (at: number): number => Math.log(total / (weights[at] ?? 0));
  const entropy = places.reduce((sum, at) => sum + ((weights[at] ?? 0) / total) * information(at), 0);
  const distance = new Map(places.map((at) => [at, Math.abs(information(at) - entropy)]));
  const order = [...places].sort((a, b) => (distance.get(a) ?? 0) - (distance.get(b) ?? 0) || a - b);
  return upTo(order, weights, share * total);
}
