import type { IntegerArray } from "../data/collate.ts";
import type { BestTokens, SequenceDecoder, StepInput } from "./decoder.ts";
import {
  bannedTokens, failWithoutTokens, IMPOSSIBLE, lengthLimit, requireCount, type GenerationOptions, type Hypothesis, type OutputTokens,
} from "./generation.ts";
import { alignmentOf, alignmentRow, tokensOf, type PathNode } from "./hypothesis-path.ts";
import { keepSentences } from "./step-state.ts";

export interface BeamSearchOptions extends GenerationOptions {
  /** Partial hypotheses that are followed at once; 1 takes the likeliest token at each step. */
  readonly beam: number;
  /** How many hypotheses to return for a sentence, at most as many as the beam holds; 1 by default. */
  readonly nBest?: number;
  /**
   * α of Wu et al. 2016, eq. 14: hypotheses are ranked by log P(Y) / lp(Y), lp(Y) = ((5 + |Y|) / 6)^α, where |Y| counts
   * the end token. 0, the default, ranks by log P(Y).
   */
  readonly lengthPenalty?: number;
}

/**
 * Beam search of Sutskever et al. 2014, section 3.2, over a batch of sources [batch, time]: of all extensions of a
 * sentence's hypotheses by one token the likeliest are kept; one that ends is complete and leaves its place in the beam
 * empty; the search is over when the beam is empty, no hypothesis in it can still come among the best, or the maximum
 * length is reached. Hypotheses cut off there are returned only where none is complete.
 *
 * Returns the best hypotheses of each sentence, best first. Among equals the one that was found first comes first, then
 * the one with the smaller token id, so results do not depend on chance.
 *
 * @throws RangeError where an option makes no sense
 */
export async function beamSearch(
  decoder: SequenceDecoder, source: IntegerArray, lengths: IntegerArray, options: BeamSearchOptions,
): Promise<Hypothesis[][]> {
  const { beam, nBest = 1, lengthPenalty = 0, onToken } = options;
  requireCount("beam", beam);
  requireCount("nBest", nBest);
  if (nBest > beam) throw new RangeError(`The ${nBest} best hypotheses were asked for, but a beam of ${beam} holds no more than ${beam}.`);
  if (!(lengthPenalty >= 0)) throw new RangeError(`lengthPenalty is ${lengthPenalty}; give a number of at least 0.`);
  const { special } = decoder;
  const banned = bannedTokens(options, special);
  const searches = Array.from(lengths.data, (length, row) => (
    new SentenceSearch(row, { beam, nBest, lengthPenalty, banned, special, limit: lengthLimit(length, options.maximumLength) })));
  let state = await decoder.encode(source, lengths);
  let batch: readonly SentenceSearch[] = searches;
  for (let length = 1; batch.some(({ done }) => !done); length++) {
    const running = [...batch.keys()].filter((place) => batch[place]?.done === false);
    if (worthDropping(running.length, batch.length, Object.keys(state.memory).length > 0)) {
      state = keepSentences(state, running);
      batch = batch.filter(({ done }) => !done);
    }
    const width = Math.max(...batch.map(({ live }) => live.length));
    const step = await decoder.best(state, rowsOf(batch, width, special.end), beam + banned.size);
    batch.forEach((search, place) => search.advance(step, place * width));
    state = step.state;
    onToken?.(length);
  }
  return searches.map((search) => search.results());
}

/** Sentences that are done cost time as long as they stay; memory is copied when they leave. */
function worthDropping(running: number, batch: number, copies: boolean): boolean {
  return running < batch && (!copies || batch - running >= batch / 8);
}

/** A sentence with fewer hypotheses than `width` repeats one in rows that nobody reads. */
function rowsOf(batch: readonly SentenceSearch[], width: number, end: number): StepInput {
  const tokens = new Int32Array(batch.length * width).fill(end);
  const parents = new Int32Array(batch.length * width);
  batch.forEach(({ live }, place) => {
    for (let at = 0; at < width; at++) {
      const path = live[at] ?? live[0];
      if (path === undefined) continue;
      tokens[place * width + at] = path.token;
      parents[place * width + at] = path.row;
    }
  });
  return { tokens, parents };
}

interface Extension {
  readonly path: PathNode;
  readonly row: number;
  readonly token: number;
  readonly logProbability: number;
}

interface SearchSettings {
  readonly beam: number;
  readonly nBest: number;
  readonly lengthPenalty: number;
  readonly limit: number;
  readonly banned: ReadonlySet<number>;
  readonly special: OutputTokens;
}

/** The beam of one sentence. */
class SentenceSearch {
  /** Partial hypotheses, likeliest first. */
  live: readonly PathNode[];
  done = false;
  readonly #settings: SearchSettings;
  /** Complete hypotheses, best first. */
  readonly #complete: { readonly path: PathNode; readonly score: number }[] = [];

  constructor(row: number, settings: SearchSettings) {
    this.#settings = settings;
    this.live = [{ token: settings.special.start, previous: undefined, length: 0, logProbability: 0, row, alignment: undefined }];
  }

  /** Extends all hypotheses by a token; theirs are the step's rows from `first` on. */
  advance(step: BestTokens, first: number): void {
    if (this.done) return;
    const room = this.#settings.beam - this.#complete.length;
    const best = this.#extensions(step, first, room);
    if (best.length === 0 && this.#complete.length === 0) failWithoutTokens();
    const paths = best.map(({ path, row, token, logProbability }): PathNode => ({
      token, previous: path.length === 0 ? undefined : path, length: path.length + 1, logProbability, row,
      alignment: alignmentRow(step.alignment, row),
    }));
    const { end } = this.#settings.special;
    paths.filter(({ token }) => token === end).forEach((path) => this.#complete.push({ path, score: this.#score(path) }));
    this.#complete.sort((a, b) => b.score - a.score);
    this.live = paths.filter(({ token }) => token !== end);
    this.done = this.#isOver();
  }

  results(): Hypothesis[] {
    const { nBest, special } = this.#settings;
    const ranked = this.#complete.length > 0 ? this.#complete
      : this.live.map((path) => ({ path, score: this.#score(path) }));
    return ranked.slice(0, nBest).map(({ path, score }) => {
      const finished = path.token === special.end;
      const tokens = tokensOf(path);
      return {
        tokens: finished ? tokens.subarray(0, -1) : tokens,
        logProbability: path.logProbability, score, finished, alignment: alignmentOf(path),
      };
    });
  }

  /** The likeliest extensions by each row's likeliest tokens, which come in the order of their probability; among equals in the order of hypotheses. */
  #extensions({ values, tokens }: BestTokens, first: number, room: number): Extension[] {
    const count = values.shape[1] ?? 0;
    let found: Extension[] = [];
    /** What an extension must exceed, as soon as there is no more room. */
    let least = -Infinity;
    const keepBest = (): void => {
      found = found.sort((a, b) => b.logProbability - a.logProbability).slice(0, room);
      if (found.length === room) least = found.at(-1)?.logProbability ?? least;
    };
    this.live.forEach((path, at) => {
      const row = first + at;
      for (let i = row * count; i < (row + 1) * count; i++) {
        const token = tokens.data[i] ?? 0;
        const value = values.data[i] ?? NaN;
        const logProbability = path.logProbability + value;
        if (logProbability <= least) break;
        if (!(value > IMPOSSIBLE) || this.#settings.banned.has(token)) continue;
        found.push({ path, row, token, logProbability });
        if (found.length >= 2 * room) keepBest();
      }
    });
    keepBest();
    return found;
  }

  #isOver(): boolean {
    const { nBest, limit } = this.#settings;
    const [likeliest] = this.live;
    if (likeliest === undefined || likeliest.length >= limit) return true;
    const last = this.#complete[nBest - 1];
    return last !== undefined && last.score >= this.#bound(likeliest);
  }

  /** No extension of a path scores higher: probability only falls, and the penalty is largest at the greatest length. */
  #bound({ logProbability }: PathNode): number {
    return logProbability / penalty(this.#settings.limit, this.#settings.lengthPenalty);
  }

  #score({ logProbability, length }: PathNode): number {
    return logProbability / penalty(length, this.#settings.lengthPenalty);
  }
}

/** lp(Y) of Wu et al. 2016, eq. 14. */
function penalty(length: number, alpha: number): number {
  return ((5 + length) / 6) ** alpha;
}
