import type { Pair } from "../../data/source.ts";
import type { NBestOptions } from "./translator.ts";

/** An output as every translator gives it. */
export interface TextTranslation {
  readonly text: string;
  readonly tokens: readonly string[];
  /** What translations of a sentence are ranked by, log-domain: higher is better. */
  readonly score: number;
  /** Natural log-probability given the source, where the translator gives one. */
  readonly logProbability?: number;
  /** What the score is made of, where it is a weighted sum. */
  readonly features?: Readonly<Record<string, number>>;
  /** For each token, the weight of each source token and of the end token, where that was asked for. */
  readonly alignment?: readonly (readonly number[])[];
}

/** What can be translated with and measured, whatever it was trained as: a network, or a phrase-based translator. */
export interface TextTranslator {
  /** The best translation of each sentence, in order. */
  translate(sentences: readonly string[], options?: NBestOptions): Promise<TextTranslation[]>;
  /** The best translations of each sentence, best first. */
  translateNBest(sentences: readonly string[], options?: NBestOptions): Promise<TextTranslation[][]>;
  /** Log-probabilities of given targets, nats; absent where the translator gives none. */
  score?(pairs: readonly Pair[]): Promise<{ readonly logProbability: number; readonly tokens: number }[]>;
  dispose(): Promise<void>;
}
