import type { TextRunInput } from "./text.ts";

/** Layers of 2; sizes, initial ranges, dropout, steps unrolled and schedules of Zaremba et al. 2014, section 4.1. */
const ZAREMBA_2014 = {
  small: { hidden: 200, range: 0.1, dropout: 0, window: 20, epochs: 13, constant: 4, factor: 1 / 2, norm: 5 },
  medium: { hidden: 650, range: 0.05, dropout: 0.5, window: 35, epochs: 39, constant: 6, factor: 1 / 1.2, norm: 5 },
  large: { hidden: 1500, range: 0.04, dropout: 0.65, window: 35, epochs: 55, constant: 14, factor: 1 / 1.15, norm: 10 },
} as const;

/**
 * The recurrent language models of Zaremba, Sutskever and Vinyals 2014 (arXiv 1409.2329): model and training.
 *
 *     export default definePretraining({ name: "zaremba", data, tokenizer: { kind: "word", maximumVocabulary: 10_000 }, ...zaremba2014("small") });
 *
 * The paper's learning rate of 1 and its bounds on the gradient's norm are for a loss summed over the unrolled steps;
 * here the loss is a mean over tokens, so the rate is that many times larger, the bound that many times smaller.
 */
export function zaremba2014(size: keyof typeof ZAREMBA_2014): Pick<TextRunInput, "model"> & Required<Pick<TextRunInput, "training">> {
  const { hidden, range, dropout, window, epochs, constant, factor, norm } = ZAREMBA_2014[size];
  return {
    model: { kind: "lstm-lm", layers: 2, hidden, dropout, range, forgetBias: 0 },
    training: {
      epochs, window, order: "sequential", batch: { sequences: 20 },
      optimizer: { kind: "sgd", learningRate: window },
      schedule: { kind: "step", after: constant, every: 1, factor },
      clipNorm: norm / window,
    },
  };
}
