/** Where a law of growth is evaluated: a size of model and an amount of training. */
export interface Scale {
  /** N: weights of the network. Which are counted (with or without embeddings) is for the data to keep alike. */
  readonly parameters: number;
  /** D: tokens trained on, those seen again counting each time. */
  readonly tokens: number;
  /** U: different tokens there are to train on; all of `tokens` where left out. */
  readonly uniqueTokens?: number;
  /** C: floating-point operations of the training, as counted; 6·N·D where left out. */
  readonly flops?: number;
}

/** A training that was run to its end, and what it reached. */
export interface Observation extends Scale {
  /** Validation loss in nats a token. */
  readonly loss: number;
  /** What the training is called in reports. */
  readonly name?: string;
}

/** Floating-point operations of a training where they were not counted: 6·N·D (Kaplan et al. 2020, section 2.1). */
export function approximateFlops({ parameters, tokens }: Scale): number {
  return 6 * parameters * tokens;
}

/** Floating-point operations of a training, counted ones first. */
export function flopsOf(scale: Scale): number {
  return scale.flops ?? approximateFlops(scale);
}
