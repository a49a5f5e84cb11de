/**
 * Extraction (Carlini et al. 2022, "Quantifying Memorization Across Neural Language Models"): a sequence of the training
 * text is extracted when the model, given the tokens before it, continues greedily with exactly its tokens.
 */
import { LanguageDecoder } from "../../decode/language/language-decoder.ts";
import type { TextModel } from "../../decode/language/generator.ts";
import type { Engine } from "../../engines/engine.ts";
import { wilsonInterval } from "../../metrics/wilson.ts";
import { AuditError } from "../audit-error.ts";
import { fitLogLinear, type LogLinearFit } from "./log-linear.ts";
import { drawWindows, type Window } from "./windows.ts";

export interface ExtractionModel {
  readonly run: string;
  readonly source: TextModel;
}

export interface ExtractionOptions {
  /** Tokens that the model is given: several lengths. */
  readonly prefixes: readonly number[];
  /** Tokens that it must continue with. */
  readonly continuation: number;
  /** Sequences for each power of two of repetitions. */
  readonly samples: number;
  readonly seed: number;
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

/** The share of sequences that one model gave back at one length of prefix, of those repeated about as often. */
export interface ExtractionCell {
  readonly run: string;
  readonly parameters: number;
  readonly prefix: number;
  /** The fewest and the most repetitions of these sequences in the training text. */
  readonly repetitions: readonly [number, number];
  readonly samples: number;
  readonly extracted: number;
  readonly share: number;
  /** Of the share, 95%. */
  readonly interval: { readonly lower: number; readonly upper: number };
}

/** What extraction grows with, each log-linearly (Carlini et al. 2022, section 4). */
export type ExtractionVariable = "prefix" | "repetitions" | "parameters";

/** The share that one model gave back at the longest prefix, whatever the repetitions. */
export type ExtractionOfModel = Omit<ExtractionCell, "repetitions">;

export interface Extraction {
  readonly continuation: number;
  readonly cells: readonly ExtractionCell[];
  /** Of each model, in the order of their parameters. */
  readonly models: readonly ExtractionOfModel[];
  /** share = intercept + slope · log₂(variable): by prefix and by repetitions for the largest model, by parameters for the longest prefix. */
  readonly fits: readonly (LogLinearFit & { readonly by: ExtractionVariable })[];
}

const ROWS = 16;

/** @throws AuditError where text or context are shorter than prefix and continuation, or models differ in their tokens */
export async function measureExtraction(models: readonly ExtractionModel[], tokens: Int32Array, engine: Engine, options: ExtractionOptions): Promise<Extraction> {
  const { prefixes, continuation, samples, seed, onProgress } = options;
  const longest = Math.max(...prefixes);
  check(models, tokens, longest + continuation);
  const windows = drawWindows(tokens, longest + continuation, samples, seed);
  const total = models.length * prefixes.length * windows.length;
  const outcomes: Outcome[] = [];
  for (const { run, source } of models) {
    const parameters = parameterCount(source);
    for (const prefix of prefixes) {
      const from = longest - prefix;
      const extracted = await continues(source, windows.map(({ start }) => tokens.subarray(start + from, start + longest + continuation)), prefix, engine,
        (done) => onProgress?.(outcomes.length + done, total));
      windows.forEach((window, at) => outcomes.push({ ...window, run, parameters, prefix, extracted: extracted[at] === true }));
    }
  }
  return { continuation, cells: cellsOf(outcomes), models: modelsOf(outcomes.filter(({ prefix }) => prefix === longest)), fits: fitsOf(outcomes) };
}

interface Outcome extends Window {
  readonly run: string;
  readonly parameters: number;
  readonly prefix: number;
  readonly extracted: boolean;
}

function check(models: readonly ExtractionModel[], tokens: Int32Array, length: number): void {
  if (tokens.length < length) throw new AuditError(`The training text has ${tokens.length} tokens, fewer than the ${length} of prefix and continuation; give shorter ones.`);
  for (const { run, source: { model: { context = Infinity } } } of models) {
    if (length - 1 > context) throw new AuditError(`Prefix and continuation have ${length} tokens, but ${run} can look at ${context}; give shorter ones with --prefix and --continuation.`);
  }
}

function parameterCount({ parameters }: TextModel): number {
  return [...parameters.values()].reduce((sum, { length }) => sum + length, 0);
}

/**
 * Whether the likeliest token is the sequence's own at each place from `prefix` on. As long as it is, a greedy
 * continuation has read nothing but the sequence, so that one reading decides.
 */
async function continues(source: TextModel, sequences: readonly Int32Array[], prefix: number, engine: Engine, onProgress: (done: number) => void): Promise<boolean[]> {
  const decoder = LanguageDecoder.create(source.model, source.parameters, engine);
  const { vocabulary } = decoder;
  try {
    const results: boolean[] = [];
    for (let first = 0; first < sequences.length; first += ROWS) {
      const rows = sequences.slice(first, first + ROWS);
      const time = (rows[0]?.length ?? 0) - 1;
      const input = new Int32Array(rows.length * time);
      rows.forEach((row, at) => input.set(row.subarray(0, -1), at * time));
      const scores = await decoder.distributions(decoder.remember(rows.length, time), { tokens: input });
      rows.forEach((row, at) => results.push(row.every((token, place) => (
        place < prefix || likeliest(scores.data, (at * time + place - 1) * vocabulary, vocabulary) === token))));
      onProgress(results.length);
    }
    return results;
  } finally {
    await decoder.dispose();
  }
}

function likeliest(scores: ArrayLike<number>, from: number, count: number): number {
  let best = 0;
  for (let token = 1; token < count; token++) if ((scores[from + token] ?? -Infinity) > (scores[from + best] ?? -Infinity)) best = token;
  return best;
}

function cellsOf(outcomes: readonly Outcome[]): ExtractionCell[] {
  return groupsOf(outcomes, ({ run, prefix, repetitions }) => `${run}\n${prefix}\n${Math.floor(Math.log2(repetitions))}`).map((group) => {
    return { ...shareOf(group), repetitions: extent(group.map(({ repetitions }) => repetitions)) };
  });
}

function modelsOf(outcomes: readonly Outcome[]): ExtractionOfModel[] {
  return groupsOf(outcomes, ({ run }) => run).map(shareOf).sort((a, b) => a.parameters - b.parameters);
}

function shareOf(group: readonly [Outcome, ...Outcome[]]): ExtractionOfModel {
  const [{ run, parameters, prefix }] = group;
  const [samples, extracted] = [group.length, group.filter((each) => each.extracted).length];
  return { run, parameters, prefix, samples, extracted, share: extracted / samples, interval: wilsonInterval(extracted, samples) };
}

function fitsOf(outcomes: readonly Outcome[]): Extraction["fits"] {
  const [, most] = extent(outcomes.map(({ parameters }) => parameters));
  const largest = outcomes.find(({ parameters }) => parameters === most)?.run;
  const [, longest] = extent(outcomes.map(({ prefix }) => prefix));
  const ofLargest = outcomes.filter(({ run }) => run === largest);
  const cases = [
    ["prefix", ofLargest], ["repetitions", ofLargest.filter(({ prefix }) => prefix === longest)], ["parameters", outcomes.filter(({ prefix }) => prefix === longest)],
  ] as const;
  return cases.flatMap(([by, some]) => {
    const fit = fitLogLinear(some.map((outcome) => ({ x: outcome[by], y: outcome.extracted ? 1 : 0 })));
    return fit === undefined ? [] : [{ by, ...fit }];
  });
}

/** The least and the greatest, of however many. */
function extent(values: readonly number[]): readonly [number, number] {
  return values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
}

function groupsOf<Item>(items: readonly Item[], keyOf: (item: Item) => string): (readonly [Item, ...Item[]])[] {
  const groups = new Map<string, [Item, ...Item[]]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}
