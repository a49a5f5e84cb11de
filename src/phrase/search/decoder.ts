import type { NgramModel } from "../language/ngram-model.ts";
import { DISCONTINUOUS, MONOTONE, ORIENTATIONS, SWAP } from "../table/orientation.ts";
import { dot, DISTORTION, FEATURES, LANGUAGE_MODEL, NEXT_ORIENTATION, PHRASES, PREVIOUS_ORIENTATION, WORDS, type Weights } from "./features.ts";
import { FutureCost } from "./future-cost.ts";
import { Heap } from "./heap.ts";
import { endOf, extended, type Coverage, type Hypothesis } from "./hypothesis.ts";
import { groupByCoverage, HypothesisStack, type CoverageGroup } from "./stack.ts";
import { OptionFinder, type SentenceOptions, type TranslationOption } from "./translation-options.ts";
import type { PhraseTable } from "../table/phrase-table.ts";

export interface SearchSettings {
  /** Hypotheses that are made for, and kept in, each stack: histogram pruning. */
  readonly beam: number;
  /** Hypotheses this much worse than their stack's best are dropped: threshold pruning. */
  readonly threshold: number;
  /** The widest jump between the source of one phrase and that of the next, words. */
  readonly distortionLimit: number;
  /** Translations of a phrase that are looked at. */
  readonly optionsPerPhrase: number;
}

/** What a search of a sentence found: its complete hypotheses, and through their arcs all that led there. */
export interface SearchResult {
  readonly options: SentenceOptions;
  readonly beginning: Hypothesis;
  /** Complete, with the score of the sentence's end, best first. */
  readonly complete: readonly Hypothesis[];
}

/** Hypotheses of one coverage, best first, by row, and options, best first, by column. */
interface Grid {
  readonly group: CoverageGroup;
  readonly options: readonly TranslationOption[];
  /** After each of them, and what will then be added at best. */
  readonly coverage: Coverage;
  readonly future: number;
}

/** A place of a grid, at first with an estimated score, and once it has come first with its true one. */
interface Corner extends Grid {
  readonly row: number;
  readonly column: number;
  readonly option: TranslationOption;
  readonly previous: Hypothesis;
  /** Of the language model after the option; undefined while the score is an estimate. */
  readonly state: number | undefined;
  /** With what will be added at best. */
  readonly score: number;
  readonly sequence: number;
}

/** The places of all grids that lead into a stack, the best first; the earlier of equals. */
class CornerQueue {
  readonly #heap = new Heap<Corner>((a, b) => a.score > b.score || (a.score === b.score && a.sequence < b.sequence));
  #entered = 0;

  /** Enters a place of a grid, where it has one, by its estimate: without the words before, and without what reordering costs. */
  enter({ group, options, coverage, future }: Grid, row: number, column: number): void {
    const [previous, option] = [group.hypotheses[row], options[column]];
    if (previous === undefined || option === undefined) return;
    const score = previous.score + option.estimate + future;
    this.#heap.push({ group, options, coverage, future, row, column, previous, option, state: undefined, score, sequence: this.#entered++ });
  }

  push(corner: Corner): void {
    this.#heap.push(corner);
  }

  pop(): Corner | undefined {
    return this.#heap.pop();
  }
}

/**
 * Beam search of a phrase-based translator: stacks of hypotheses by the number of source words they cover (Koehn, Och and
 * Marcu 2003, section 2; Koehn 2004), filled best first by cube pruning (Huang and Chiang 2007), which with a beam wide
 * enough looks at everything.
 */
export class PhraseDecoder {
  readonly #finder: OptionFinder;

  constructor(table: PhraseTable, readonly language: NgramModel, readonly weights: Weights, readonly settings: SearchSettings) {
    this.#finder = new OptionFinder(table, language, weights, settings.optionsPerPhrase);
  }

  /** @param sentence at least one word */
  search(sentence: readonly string[]): SearchResult {
    const options = this.#finder.of(sentence);
    const future = new FutureCost(options, this.settings.distortionLimit + 1);
    const beginning: Hypothesis = { firstGap: 0, covered: 0, state: this.language.begin, last: undefined, score: 0, total: future.remaining(0, 0), arcs: [] };
    const groups: CoverageGroup[][] = [groupByCoverage([beginning])];
    let final: readonly Hypothesis[] = [];
    for (let words = 1; words <= sentence.length; words++) {
      final = this.#fillStack(words, groups, options, future).best(this.settings);
      groups.push(groupByCoverage(final));
    }
    return { options, beginning, complete: this.#completed(final, sentence.length) };
  }

  /** The stack of hypotheses that cover `words` source words, from those that cover fewer. */
  #fillStack(words: number, groups: readonly (readonly CoverageGroup[])[], options: SentenceOptions, future: FutureCost): HypothesisStack {
    const queue = new CornerQueue();
    for (let covered = Math.max(0, words - longestPhrase(options)); covered < words; covered++) {
      for (const group of groups[covered] ?? []) {
        for (const [coverage, spanOptions] of this.#reachable(group, words - covered, options)) {
          queue.enter({ group, options: spanOptions, coverage, future: future.remaining(coverage.firstGap, coverage.covered) }, 0, 0);
        }
      }
    }
    const stack = new HypothesisStack();
    for (let made = 0; made < this.settings.beam;) {
      const corner = queue.pop();
      if (corner === undefined) break;
      const { previous, option, state, score, row, column } = corner;
      if (state === undefined) {
        const appended = this.#append(previous, option);
        queue.push({ ...corner, state: appended.state, score: previous.score + appended.added + corner.future });
        continue;
      }
      const reached = score - corner.future;
      const { firstGap, covered } = corner.coverage;
      stack.add({ firstGap, covered, state, last: option, score: reached, total: score, arcs: [{ previous, option, added: reached - previous.score }] });
      made++;
      queue.enter(corner, row, column + 1);
      if (column === 0) queue.enter(corner, row + 1, column);
    }
    return stack;
  }

  /** Where hypotheses of a coverage can go with a phrase of a length. */
  *#reachable(group: CoverageGroup, length: number, options: SentenceOptions): Generator<readonly [Coverage, readonly TranslationOption[]]> {
    const { distortionLimit: limit } = this.settings;
    for (let from = group.firstGap; from <= Math.min(options.length - length, group.firstGap + Math.max(limit, 0)); from++) {
      const spanOptions = options[from]?.[length - 1] ?? [];
      if (spanOptions.length === 0) continue;
      const coverage = extended(group, group.end, from, from + length, limit);
      if (coverage !== undefined) yield [coverage, spanOptions];
    }
  }

  /** What an option adds to a hypothesis' score, and where the language model is then. */
  #append(previous: Hypothesis, option: TranslationOption): { readonly added: number; readonly state: number } {
    const { weights } = this;
    const { logProbability, state } = this.language.read(previous.state, option.words);
    const orientation = orientationOf(previous.last, option);
    const added = option.score + (weights[LANGUAGE_MODEL] ?? 0) * logProbability
      - (weights[DISTORTION] ?? 0) * Math.abs(option.from - endOf(previous))
      + (weights[PREVIOUS_ORIENTATION + orientation] ?? 0) * (option.orientations?.[orientation] ?? 0)
      + (weights[NEXT_ORIENTATION + orientation] ?? 0) * (previous.last?.orientations?.[ORIENTATIONS / 2 + orientation] ?? 0);
    return { added, state };
  }

  /** Hypotheses with the sentence's end scored, best first. */
  #completed(hypotheses: readonly Hypothesis[], length: number): Hypothesis[] {
    return hypotheses.map((hypothesis) => {
      const { state, last } = hypothesis;
      const orientation = finalOrientation(last, length);
      const added = (this.weights[LANGUAGE_MODEL] ?? 0) * this.language.logEnd(state)
        + (this.weights[NEXT_ORIENTATION + orientation] ?? 0) * (last?.orientations?.[ORIENTATIONS / 2 + orientation] ?? 0);
      const score = hypothesis.score + added;
      return { ...hypothesis, score, total: score, arcs: hypothesis.arcs.map((arc) => ({ ...arc, added: arc.added + added })) };
    }).sort((a, b) => b.score - a.score);
  }

  /** The features of a translation, given by its phrases in the order of the target, [FEATURES]; a copied word's cost is not one. */
  features(phrases: readonly TranslationOption[], sentenceLength: number): Float64Array {
    const features = new Float64Array(FEATURES.length);
    const add = (feature: number, value: number): void => void (features[feature] = (features[feature] ?? 0) + value);
    let state = this.language.begin;
    let previous: TranslationOption | undefined;
    for (const option of phrases) {
      if (option.pair >= 0) this.#finder.table.logScores(option.pair).forEach((score, at) => add(at, score));
      add(PHRASES, 1);
      add(WORDS, option.words.length);
      const reading = this.language.read(state, option.words);
      add(LANGUAGE_MODEL, reading.logProbability);
      ({ state } = reading);
      add(DISTORTION, -Math.abs(option.from - (previous?.to ?? 0)));
      const orientation = orientationOf(previous, option);
      add(PREVIOUS_ORIENTATION + orientation, option.orientations?.[orientation] ?? 0);
      add(NEXT_ORIENTATION + orientation, previous?.orientations?.[ORIENTATIONS / 2 + orientation] ?? 0);
      previous = option;
    }
    add(LANGUAGE_MODEL, this.language.logEnd(state));
    const last = finalOrientation(previous, sentenceLength);
    add(NEXT_ORIENTATION + last, previous?.orientations?.[ORIENTATIONS / 2 + last] ?? 0);
    return features;
  }

  /** w · f. */
  score(features: Float64Array): number {
    return dot(this.weights, features);
  }
}

function longestPhrase(options: SentenceOptions): number {
  return options.reduce((longest, { length }) => Math.max(longest, length), 0);
}

/** How an option stands to the phrase before it. */
function orientationOf(previous: TranslationOption | undefined, option: TranslationOption): number {
  if (option.from === (previous?.to ?? 0)) return MONOTONE;
  return option.to === previous?.from ? SWAP : DISCONTINUOUS;
}

/** How the sentence's end stands to the last phrase. */
function finalOrientation(last: TranslationOption | undefined, length: number): number {
  return last?.to === length ? MONOTONE : DISCONTINUOUS;
}
