import { uniform } from "../../data/shuffle.ts";
import type { TextEvent, TextGenerationOptions } from "./generation-options.ts";
import { described, rowOf, streamOf } from "./next-token.ts";
import type { TextRow } from "./text-row.ts";
import { candidates, penalizes, type TokenChoice, type TokenScores } from "./token-choice.ts";
import type { TokenMemory, TokenScorer } from "./token-scorer.ts";

export interface SpeculationOptions extends TextGenerationOptions {
  readonly guesses: number;
}

/** What the draws of one position are for. */
const DRAW = { guess: 1, acceptance: 2, correction: 3 } as const;

/**
 * Writes a text by speculative sampling (Leviathan, Kalman and Matias 2023, algorithm 1): a draft guesses tokens, the
 * model scores them all in one step, and each is kept with probability min(1, p/q); the first that is not is replaced by
 * a draw from max(0, p − q). The text has exactly the model's distribution, whatever the draft's is.
 *
 * @throws RangeError for options under which the distribution depends on what was written before
 */
export async function* speculate(
  scorer: TokenScorer, draft: TokenScorer, row: TextRow, options: SpeculationOptions,
): AsyncGenerator<TextEvent, void> {
  checkSpeculation(options);
  const { guesses, seed = 1 } = options;
  const context = scorer.context ?? Infinity;
  const shared = Math.min(context, draft.context ?? Infinity);
  const capacity = Math.min(context, row.seen.length + row.limit);
  const memory = scorer.remember(1, capacity);
  const guessing = new Guesses(draft, Math.min(shared, capacity), options);
  const random = (purpose: number, place: number): number => uniform(seed, ...streamOf(row, options), row.sample, place, purpose);
  while (!row.isOver) {
    const start = row.seen.length;
    const room = Math.max(0, Math.min(guesses, shared - start, row.limit - row.count - 1));
    const guessed = await guessing.after(row.seen, room, (at) => random(DRAW.guess, row.count + at));
    const unread = [...row.seen.slice(memory.lengths[0] ?? 0), ...guessed.map(({ token }) => token)];
    const scores = await scorer.distributions(memory, { tokens: Int32Array.from(unread) });
    const scoreAt = (guess: number): TokenScores => ({ values: rowOf(scores, unread.length - guessed.length - 1 + guess), tokens: undefined });
    for (let at = 0; at <= guessed.length && !row.isOver; at++) {
      const guess = guessed[at];
      const wanted = probabilities(scoreAt(at), options);
      const place = row.count;
      const kept = guess !== undefined && random(DRAW.acceptance, place) * (guess.probabilities[guess.token] ?? 0) < (wanted[guess.token] ?? 0);
      const token = kept ? guess.token : draw(guess === undefined ? wanted : excess(wanted, guess.probabilities), random(DRAW.correction, place));
      yield row.write(described(token, scoreAt(at), options), row.seen.length >= context);
      if (!kept) break;
    }
    // The last token was not read; guesses that were not kept are taken back.
    memory.shorten(row.seen.length - 1);
  }
}

interface Guess {
  readonly token: number;
  /** Of all tokens, under the draft. */
  readonly probabilities: Float64Array;
}

/** The draft, with what it remembers of the text. */
class Guesses {
  readonly #memory: TokenMemory;

  constructor(private readonly draft: TokenScorer, capacity: number, private readonly options: TokenChoice) {
    this.#memory = draft.remember(1, capacity);
  }

  /** Guesses `count` tokens after those that were written. */
  async after(written: readonly number[], count: number, point: (at: number) => number): Promise<Guess[]> {
    this.#memory.shorten(written.length - 1);
    const guesses: Guess[] = [];
    while (guesses.length < count) {
      const all = [...written, ...guesses.map(({ token }) => token)];
      const unread = all.slice(this.#memory.lengths[0] ?? 0);
      const { logProbabilities } = await this.draft.distribution(this.#memory, { tokens: Int32Array.from(unread) });
      const guessed = probabilities({ values: rowOf(logProbabilities, 0), tokens: undefined }, this.options);
      guesses.push({ token: draw(guessed, point(guesses.length)), probabilities: guessed });
    }
    return guesses;
  }
}

/** The distribution from which a token is drawn: of all tokens, in order. */
function probabilities(scores: TokenScores, choice: TokenChoice): Float64Array {
  const { places, weights } = candidates(scores, choice);
  const total = places.reduce((sum, at) => sum + (weights[at] ?? 0), 0);
  const all = new Float64Array(scores.values.length);
  for (const at of places) all[at] = (weights[at] ?? 0) / total;
  return all;
}

/** max(0, p − q), which is drawn from in proportion; p where rounding leaves nothing of it. */
function excess(wanted: Float64Array, guessed: Float64Array): Float64Array {
  const rest = wanted.map((probability, token) => Math.max(0, probability - (guessed[token] ?? 0)));
  return rest.some((probability) => probability > 0) ? rest : wanted;
}

function draw(weights: Float64Array, point: number): number {
  let rest = point * weights.reduce((sum, weight) => sum + weight, 0);
  let last = 0;
  for (const [token, weight] of weights.entries()) {
    if (weight === 0) continue;
    last = token;
    if ((rest -= weight) < 0) break;
  }
  return last;
}

function checkSpeculation(options: SpeculationOptions): void {
  if (penalizes(options) || options.constraint !== undefined) {
    throw new RangeError("Penalties and constraints depend on what was written before, which a draft guesses; leave them out or generate without a draft.");
  }
  if (options.whenFull === "slide") throw new RangeError("A text with a draft ends at the model's context; leave whenFull at \"stop\".");
}
