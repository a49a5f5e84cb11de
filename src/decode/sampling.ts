import type { IntegerArray } from "../data/collate.ts";
import { uniform } from "../data/shuffle.ts";
import type { NumericArray } from "../engines/engine.ts";
import type { SequenceDecoder, StepInput } from "./decoder.ts";
import {
  bannedTokens, failWithoutTokens, IMPOSSIBLE, lengthLimit, requireCount, type GenerationOptions, type Hypothesis,
} from "./generation.ts";
import { alignmentOf, alignmentRow, tokensOf, type PathNode } from "./hypothesis-path.ts";
import { keepSentences } from "./step-state.ts";

export interface SamplingOptions extends GenerationOptions {
  /** Outputs drawn for each sentence; 1 by default. */
  readonly samples?: number;
  /** Log-probabilities are divided by it before tokens are drawn: below 1 sharpens, above 1 flattens; 1 by default. */
  readonly temperature?: number;
  /** Draws among the likeliest tokens only (Fan et al. 2018); among all by default. */
  readonly topK?: number;
  readonly seed: number;
  /** What tells the sentences' draws apart, one number each; by default their places in the batch. */
  readonly streams?: readonly number[];
}

/**
 * Ancestral sampling: draws tokens one by one from the model's distribution, for a batch of sources [batch, time].
 * Returns each sentence's samples in the order of drawing. A draw depends on seed, stream, sample and position alone,
 * so the same sentence gets the same samples in any batch. Log-probabilities are the model's, at temperature 1.
 *
 * @throws RangeError where an option makes no sense
 */
export async function sample(
  decoder: SequenceDecoder, source: IntegerArray, lengths: IntegerArray, options: SamplingOptions,
): Promise<Hypothesis[][]> {
  const { samples = 1, temperature = 1, topK, seed, streams, onToken } = options;
  requireCount("samples", samples);
  if (topK !== undefined) requireCount("topK", topK);
  if (!(temperature > 0 && temperature < Infinity)) {
    throw new RangeError(`The temperature is ${temperature}; give a number above 0, or use a beam of 1 for the likeliest token.`);
  }
  const { special } = decoder;
  const banned = bannedTokens(options, special);
  let state = await decoder.encode(source, lengths);
  let batch = Array.from(lengths.data, (length, row): SampledSentence => ({
    stream: streams?.[row] ?? row,
    limit: lengthLimit(length, options.maximumLength),
    paths: Array.from({ length: samples }, () => (
      { token: special.start, previous: undefined, length: 0, logProbability: 0, row, alignment: undefined })),
  }));
  const sentences = batch;
  for (let length = 1; batch.length > 0; length++) {
    const input = rowsOf(batch, samples, special.end);
    const step = topK === undefined ? await decoder.distribution(state, input) : await decoder.best(state, input, topK + banned.size);
    const drawn = (row: number, point: number): Drawn => ("tokens" in step
      ? draw(step.values, step.tokens, { row, limit: topK ?? Infinity, banned, temperature, point })
      : draw(step.logProbabilities, undefined, { row, limit: Infinity, banned, temperature, point }));
    batch.forEach((sentence, place) => sentence.paths.forEach((path, at) => {
      if (isOver(sentence, path, special.end)) return;
      const row = place * samples + at;
      const { token, logProbability } = drawn(row, uniform(seed, sentence.stream, at, path.length));
      sentence.paths[at] = {
        token, previous: path.length === 0 ? undefined : path, length: path.length + 1,
        logProbability: path.logProbability + logProbability, row, alignment: alignmentRow(step.alignment, row),
      };
    }));
    const running = [...batch.keys()].filter((place) => batch[place]?.paths.some((path) => !isOver(batch[place], path, special.end)));
    state = running.length < batch.length ? keepSentences(step.state, running) : step.state;
    batch = running.flatMap((place) => batch[place] ?? []);
    onToken?.(length);
  }
  return sentences.map(({ paths }) => paths.map((path) => hypothesisOf(path, special.end)));
}

interface SampledSentence {
  readonly stream: number;
  readonly limit: number;
  readonly paths: PathNode[];
}

interface Drawn {
  readonly token: number;
  /** Nats. */
  readonly logProbability: number;
}

interface DrawSettings {
  readonly row: number;
  /** How many of the row's possible tokens take part, from its first. */
  readonly limit: number;
  readonly banned: ReadonlySet<number>;
  readonly temperature: number;
  /** From [0, 1). */
  readonly point: number;
}

function isOver(sentence: SampledSentence | undefined, path: PathNode, end: number): boolean {
  return (path.length > 0 && path.token === end) || path.length >= (sentence?.limit ?? 0);
}

/** Samples that are over stay, in rows that nobody reads, until all of their sentence are. */
function rowsOf(batch: readonly SampledSentence[], samples: number, end: number): StepInput {
  const tokens = new Int32Array(batch.length * samples);
  const parents = new Int32Array(batch.length * samples);
  batch.forEach((sentence, place) => sentence.paths.forEach((path, at) => {
    tokens[place * samples + at] = path.token;
    parents[place * samples + at] = isOver(sentence, path, end) ? 0 : path.row; // the row of an earlier step may be gone
  }));
  return { tokens, parents };
}

/**
 * The token of a row into whose share of the interval [0, 1) the point falls. `values` are log-probabilities [rows,
 * width]; `tokens` says whose they are, all tokens' in order where absent.
 */
function draw({ data, shape }: NumericArray, tokens: NumericArray | undefined, settings: DrawSettings): Drawn {
  const { row, limit, banned, temperature, point } = settings;
  const width = shape[1] ?? 0;
  const first = row * width;
  const tokenAt = (at: number): number => tokens?.data[at] ?? at - first;
  const possible: number[] = [];
  let largest = -Infinity;
  for (let at = first; at < first + width && possible.length < limit; at++) {
    const value = data[at] ?? NaN;
    if (!(value > IMPOSSIBLE) || banned.has(tokenAt(at))) continue;
    possible.push(at);
    largest = Math.max(largest, value);
  }
  const weights = Float64Array.from(possible, (at) => Math.exp(((data[at] ?? NaN) - largest) / temperature));
  let rest = point * weights.reduce((sum, weight) => sum + weight, 0);
  const chosen = possible.find((_, index) => (rest -= weights[index] ?? 0) < 0) ?? possible.at(-1);
  return chosen === undefined ? failWithoutTokens() : { token: tokenAt(chosen), logProbability: data[chosen] ?? NaN };
}

function hypothesisOf(path: PathNode, end: number): Hypothesis {
  const finished = path.token === end;
  const tokens = tokensOf(path);
  const { logProbability } = path;
  return { tokens: finished ? tokens.subarray(0, -1) : tokens, logProbability, score: logProbability, finished, alignment: alignmentOf(path) };
}
