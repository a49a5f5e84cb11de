import { ORIENTATIONS } from "../table/orientation.ts";

/** What a translation is scored by, in this order: a log-linear model's features (Och and Ney 2002; Koehn et al. 2003). */
export const FEATURES = [
  "inversePhrase", "inverseLexical", "directPhrase", "directLexical", // Σ log φ(s|t), lex(s|t), φ(t|s), lex(t|s)
  "phrases", // how many phrases
  "words", // how many target words
  "languageModel", // log p(target)
  "distortion", // −Σ |start − end before − 1|
  "previousMonotone", "previousSwap", "previousDiscontinuous", "nextMonotone", "nextSwap", "nextDiscontinuous", // Σ log p(orientation)
] as const;

export type FeatureName = (typeof FEATURES)[number];

/** The places of features that are not of a phrase pair's scores. */
export const PHRASES = FEATURES.indexOf("phrases");
export const WORDS = FEATURES.indexOf("words");
export const LANGUAGE_MODEL = FEATURES.indexOf("languageModel");
export const DISTORTION = FEATURES.indexOf("distortion");
export const PREVIOUS_ORIENTATION = FEATURES.indexOf("previousMonotone");
export const NEXT_ORIENTATION = PREVIOUS_ORIENTATION + ORIENTATIONS / 2;

/** What a word that the table lacks costs, so that it is only copied where nothing else covers it; the same for every translation. */
export const UNKNOWN_WORD_SCORE = -100;

/** A weight for each feature, [FEATURES]. */
export type Weights = Float64Array;

/** Where tuning starts: those that Moses starts from. */
export const INITIAL_WEIGHTS: Readonly<Record<FeatureName, number>> = {
  inversePhrase: 0.2, inverseLexical: 0.2, directPhrase: 0.2, directLexical: 0.2, phrases: 0.2, words: 1, languageModel: 0.5, distortion: 0.3,
  previousMonotone: 0.3, previousSwap: 0.3, previousDiscontinuous: 0.3, nextMonotone: 0.3, nextSwap: 0.3, nextDiscontinuous: 0.3,
};

export function weightsOf(named: Readonly<Record<FeatureName, number>>): Weights {
  return Float64Array.from(FEATURES, (name) => named[name]);
}

export function namedWeights(weights: Weights): Record<FeatureName, number> {
  return Object.fromEntries(FEATURES.map((name, at) => [name, weights[at] ?? 0])) as Record<FeatureName, number>;
}

/** w · f. */
export function dot(weights: ArrayLike<number>, features: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < weights.length; at++) sum += (weights[at] ?? 0) * (features[at] ?? 0);
  return sum;
}
