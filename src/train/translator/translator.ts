import { collate, type CollateOptions } from "../../data/collate.ts";
import type { Pair } from "../../data/source.ts";
import { beamSearch } from "../../decode/beam-search.ts";
import { SequenceDecoder } from "../../decode/decoder.ts";
import type { Hypothesis, MaximumLength } from "../../decode/generation.ts";
import { sample } from "../../decode/sampling.ts";
import type { PairScore } from "../../decode/score.ts";
import type { Engine } from "../../engines/engine.ts";
import { onnx } from "../../engines/onnx/engine.ts";
import type { SpecialIds } from "../../text/special-tokens.ts";
import type { VocabularyTokenizer } from "../../text/vocabulary-tokenizer.ts";
import type { CheckpointChoice, OpenedRun } from "../run/open-run.ts";
import { openTranslation } from "./open-translation.ts";
import { scoreTargets, type SourceTargets } from "./score-pairs.ts";
import { batchesByLength, requireBatch } from "./translator-batches.ts";
import { EMPTY_TRANSLATION, orderedAlignment, sourceWords, translationOf, type Translation } from "./translator-text.ts";

export type { Translation } from "./translator-text.ts";

export interface TranslatorOptions {
  /** Of each run; the best by default. A list has one for each run, or makes several checkpoints of one run an ensemble. */
  readonly checkpoint?: CheckpointChoice | readonly CheckpointChoice[];
  /** Threads of one operation; by default as the run's configuration says. */
  readonly threads?: number;
}

export interface TranslateOptions {
  /** Partial translations that are followed at once; 5 by default, and at least `nBest`. 1 takes the likeliest token each time. */
  readonly beam?: number;
  /** α of Wu et al. 2016, eq. 14; 0, the default, ranks by plain log-probability. */
  readonly lengthPenalty?: number;
  /** Bound on the output in tokens: factor · source + constant, end tokens counted; 2 · source + 20 by default. */
  readonly maximumLength?: MaximumLength;
  /** Token ids that are never written. */
  readonly banned?: readonly number[];
  /** Whether translations carry their alignment. */
  readonly alignments?: boolean;
  /** Draws translations at random instead of searching for the likeliest; n-best lists are independent draws. */
  readonly sample?: {
    readonly temperature?: number;
    readonly topK?: number;
    readonly seed: number;
    /** What tells the sentences' draws apart, a number each; their places by default. */
    readonly streams?: readonly number[];
  };
  /** Replaces unknown tokens by the source word they align with, or by what the map gives for that word. */
  readonly replaceUnknown?: boolean | ReadonlyMap<string, string>;
  /** Sentences that are translated at once, at most; 64 by default. The wider the beam, the fewer of them memory has room for. */
  readonly batch?: number;
  /** Called after each batch with the number of sentences that are done and of all that have any token. */
  readonly onProgress?: (done: number, of: number) => void;
  /** Called while a batch is translated, after each token, with the number of those that its outputs have by now. */
  readonly onToken?: (length: number) => void;
}

export interface NBestOptions extends TranslateOptions {
  /** Translations of each sentence; as many as the beam holds by default. */
  readonly nBest?: number;
}

export interface ScoreOptions {
  /** Targets that are scored at once; 64 by default. Those of one source share what is computed of it, wherever they stand. */
  readonly batch?: number;
  /** Called after each batch with the number of pairs that are done and of all. */
  readonly onProgress?: (done: number, of: number) => void;
}

/** What a translator needs of a run. */
export interface TranslatorRun extends Pick<OpenedRun, "model" | "parameters"> {
  readonly sourceTokenizer: VocabularyTokenizer;
  readonly targetTokenizer: VocabularyTokenizer;
  readonly reverseSource: boolean;
}

/** Pairs that are made into tokens at once, so that those of a long list need no memory before their turn. */
const PORTION = 10_000;

/** Partial translations that are followed at once, over all sentences of a batch, unless those of one are more. */
const ROWS = 2048;

/** Where none is asked for. */
const BATCH = 64;

/** A sentence on its way through the model. */
interface SourceSentence {
  readonly place: number;
  readonly text: string;
  readonly ids: Int32Array;
}

/**
 * A trained model, or an ensemble of several, in use.
 *
 *     const translator = await Translator.open("runs/captions");
 *     const [best] = await translator.translate(["A man is sleeping on a bench."], { beam: 5 });
 *     console.log(best?.text, best?.logProbability);
 *     await translator.dispose();
 */
export class Translator {
  readonly #run: TranslatorRun;
  readonly #decoder: SequenceDecoder;
  readonly #collate: CollateOptions;

  private constructor(run: TranslatorRun, decoder: SequenceDecoder) {
    this.#run = run;
    this.#decoder = decoder;
    const special = { source: specialOf(run.sourceTokenizer), target: specialOf(run.targetTokenizer) };
    this.#collate = { reverseSource: run.reverseSource, sourceEnd: true, special };
  }

  /**
   * Opens a run or a folder in the form of Hugging Face, or several whose probabilities are averaged.
   * @throws Error where a run has no such checkpoint, or they do not share their vocabularies
   */
  static async open(runs: string | readonly string[], { checkpoint = "best", threads }: TranslatorOptions = {}): Promise<Translator> {
    const members = await Promise.all(membersOf(runs, checkpoint).map(([path, choice]) => openTranslation(path, choice)));
    const used = threads ?? members[0]?.threads;
    return Translator.of(members, onnx(used === undefined ? {} : { threads: used }));
  }

  /** A translator of models at hand. Members of an ensemble are different model objects. @throws Error as `open` does. */
  static async of(runs: readonly TranslatorRun[], engine: Engine): Promise<Translator> {
    const [first, ...others] = runs;
    if (first === undefined) throw new Error("A translator was asked for without a run; give at least one.");
    others.forEach((other, index) => requireAlike(first, other, index + 2));
    return new Translator(first, await SequenceDecoder.create(runs, engine, specialOf(first.targetTokenizer)));
  }

  /** The best translation of each sentence, in order. A sentence without a token gives an empty translation. */
  async translate(sentences: readonly string[], options: TranslateOptions = {}): Promise<Translation[]> {
    const lists = await this.translateNBest(sentences, { ...options, nBest: 1 });
    return lists.map(([best]) => best ?? EMPTY_TRANSLATION);
  }

  /** The best translations of each sentence, best first; fewer than asked for where the search found fewer. */
  async translateNBest(sentences: readonly string[], options: NBestOptions = {}): Promise<Translation[][]> {
    const results: Translation[][] = sentences.map(() => [EMPTY_TRANSLATION]);
    const batches = this.#batches(sentences, roomFor(options));
    const total = batches.flat().length;
    let done = 0;
    for (const batch of batches) {
      const hypotheses = await this.#generate(batch, options);
      batch.forEach((sentence, at) => {
        results[sentence.place] = (hypotheses[at] ?? []).map((hypothesis) => this.#spell(hypothesis, sentence, options));
      });
      done += batch.length;
      options.onProgress?.(done, total);
    }
    return results;
  }

  /** Log-probabilities of given targets, in nats, in order. `tokens` counts the target's tokens and its end token. */
  async score(pairs: readonly Pair[], { batch = 64, onProgress }: ScoreOptions = {}): Promise<(PairScore & { readonly tokens: number })[]> {
    requireBatch(batch);
    const scores: (PairScore & { readonly tokens: number })[] = [];
    let done = 0;
    const onScored = (targets: number): void => onProgress?.(done += targets, pairs.length);
    for (let first = 0; first < pairs.length; first += PORTION) {
      const sources = this.#sourcesOf(pairs.slice(first, first + PORTION));
      const scored = await scoreTargets(this.#decoder, sources, this.#collate, { batch, onScored });
      scored.forEach((score) => scores.push({ ...score, tokens: score.tokenLogProbabilities.length }));
    }
    return scores;
  }

  /**
   * What the encoder has understood when it has read each sentence: the hidden state from which the top layer of the
   * decoder starts, [hidden] each (Sutskever et al. 2014, figure 2). Of an ensemble, the first member's.
   */
  async encodeStates(sentences: readonly string[], { batch }: { batch?: number } = {}): Promise<Float32Array[]> {
    const states = sentences.map(() => new Float32Array());
    for (const rows of this.#batches(sentences, batch, true)) {
      const { source, sourceLengths } = this.#collated(rows);
      const { carried } = await this.#decoder.encode(source, sourceLengths);
      const top = Object.keys(carried).filter((name) => /^carried0\.hidden\d+$/.test(name)).length - 1;
      const state = carried[`carried0.hidden${top}`];
      if (state === undefined) throw new Error("The model's encoder ends in no single state per sentence, so there is none to show.");
      const size = state.shape[1] ?? 0;
      rows.forEach(({ place }, row) => (states[place] = Float32Array.from(state.data.subarray(row * size, (row + 1) * size))));
    }
    return states;
  }

  /** Frees what the engine keeps. */
  async dispose(): Promise<void> {
    await this.#decoder.dispose();
  }

  #batches(sentences: readonly string[], size = BATCH, empty = false): SourceSentence[][] {
    const ids = this.#run.sourceTokenizer.encodeBatch(sentences);
    const all = sentences.map((text, place) => ({ place, text, ids: ids[place] ?? new Int32Array() }));
    const read = empty ? all : all.filter((sentence) => sentence.ids.length > 0);
    return batchesByLength(read.map((sentence) => sentence.ids.length + 1), size)
      .map((places) => places.flatMap((place) => read[place] ?? []));
  }

  /** Each source of pairs once, with its targets, whose places are those of the pairs. */
  #sourcesOf(pairs: readonly Pair[]): SourceTargets[] {
    const targets = this.#run.targetTokenizer.encodeBatch(pairs.map(({ target }) => target));
    const bySource = new Map<string, { place: number; ids: Int32Array }[]>();
    pairs.forEach(({ source }, place) => {
      const own = bySource.get(source) ?? [];
      own.push({ place, ids: targets[place] ?? new Int32Array() });
      bySource.set(source, own);
    });
    const sources = this.#run.sourceTokenizer.encodeBatch([...bySource.keys()]);
    return [...bySource.values()].map((own, at) => ({ source: sources[at] ?? new Int32Array(), targets: own }));
  }

  #collated(batch: readonly SourceSentence[]) {
    return collate(batch.map(({ ids }) => ({ source: ids, target: new Int32Array() })), this.#collate);
  }

  #generate(batch: readonly SourceSentence[], options: NBestOptions): Promise<Hypothesis[][]> {
    const { source, sourceLengths } = this.#collated(batch);
    const { beam, nBest } = widthOf(options);
    const { sample: sampling } = options;
    if (sampling === undefined) return beamSearch(this.#decoder, source, sourceLengths, { ...options, beam, nBest });
    const streams = batch.map(({ place }) => sampling.streams?.[place] ?? place);
    return sample(this.#decoder, source, sourceLengths, { ...options, ...sampling, samples: nBest, streams });
  }

  #spell(hypothesis: Hypothesis, { text, ids }: SourceSentence, { alignments = false, replaceUnknown = false }: NBestOptions): Translation {
    const alignment = orderedAlignment(hypothesis, ids.length, this.#run.reverseSource);
    const dictionary = typeof replaceUnknown === "boolean" ? undefined : replaceUnknown;
    const replacement = replaceUnknown === false ? undefined : { sourceWords: sourceWords(this.#run.sourceTokenizer, text, ids), dictionary };
    return translationOf(hypothesis, alignment, this.#run.targetTokenizer, { alignments, replacement });
  }
}

function widthOf({ nBest, beam = Math.max(5, nBest ?? 1) }: NBestOptions): { readonly beam: number; readonly nBest: number } {
  return { beam, nBest: nBest ?? beam };
}

/** How many sentences are translated at once. */
function roomFor(options: NBestOptions): number {
  const { batch = BATCH, sample } = options;
  const { beam, nBest } = widthOf(options);
  return Math.min(batch, Math.max(1, Math.floor(ROWS / (sample === undefined ? beam : nBest))));
}

function specialOf({ padId, startId, endId }: VocabularyTokenizer): Pick<SpecialIds, "pad" | "start" | "end"> {
  return { pad: padId, start: startId, end: endId };
}

/** A path and a checkpoint for each member. */
function membersOf(runs: string | readonly string[], checkpoint: CheckpointChoice | readonly CheckpointChoice[]): [string, CheckpointChoice][] {
  const paths = typeof runs === "string" ? [runs] : runs;
  if (typeof checkpoint === "string" || typeof checkpoint === "number") return paths.map((path) => [path, checkpoint]);
  const [only] = paths;
  if (paths.length === 1 && only !== undefined) return checkpoint.map((choice) => [only, choice]);
  if (paths.length !== checkpoint.length) {
    throw new RangeError(`${checkpoint.length} checkpoints were given for ${paths.length} runs; give one for each run, or one for all.`);
  }
  return paths.map((path, at) => [path, checkpoint[at] ?? "best"]);
}

/** Members of an ensemble read and write the same tokens in the same order. */
function requireAlike(first: TranslatorRun, other: TranslatorRun, member: number): void {
  for (const side of ["sourceTokenizer", "targetTokenizer"] as const) {
    if (!first[side].hasVocabularyOf(other[side])) {
      throw new Error(`Member ${member} of the ensemble has another ${side === "sourceTokenizer" ? "source" : "target"} vocabulary than the first; train all with one.`);
    }
  }
  if (first.reverseSource !== other.reverseSource) {
    throw new Error(`Member ${member} of the ensemble ${other.reverseSource ? "reads" : "does not read"} the source reversed, unlike the first; their alignments would not match.`);
  }
}
