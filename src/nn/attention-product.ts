import { iota, randomUniform, where, type Tensor } from "../graph/tensor.ts";
import { softmax } from "./activation.ts";
import type { DropoutDraw } from "./dropout.ts";

export interface AttentionOptions {
  /** Query i sees keys 0 to i. */
  readonly causal?: boolean;
  /** bool [batch, keys]: which keys exist. */
  readonly mask?: Tensor | undefined;
  /** int32 [batch, time]: a query sees keys of its own segment alone. */
  readonly segments?: Tensor | undefined;
  /** Of the attention probabilities. */
  readonly dropout?: DropoutDraw | undefined;
}

/** Far below every score. A query that sees no key at all attends to all of them evenly. */
export const MASKED_SCORE = -1e9;

/**
 * softmax(Q Kᵀ / √size) V (Vaswani et al. 2017, eq. 1): query [batch, heads, time, size], key and value
 * [batch, keyValueHeads, keys, size] → [batch, heads, time, size]. Heads that share keys and values are neighbours
 * (Ainslie et al. 2023).
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  const [batch, heads, time, size] = query.shape;
  const [, groups, keys] = key.shape;
  if (batch === undefined || time === undefined || size === undefined || keys === undefined) throw new Error("Attention takes [batch, heads, time, size].");
  const shared = Number(heads) / Number(groups);
  const rows = query.multiply(1 / Math.sqrt(Number(size))).reshape([batch, Number(groups), shared, time, size]);
  const scores = rows.matmul(key.transpose().expandDims(2)); // [batch, groups, shared, time, keys]
  const seen = visible(options, time, keys);
  const weights = softmax(seen === undefined ? scores : where(seen, scores, MASKED_SCORE));
  const { dropout } = options;
  const kept = dropout === undefined || dropout.rate === 0 ? weights
    : where(randomUniform(weights.shape, dropout.seed, dropout.stream).less(Math.fround(dropout.rate)), 0, weights.multiply(1 / (1 - dropout.rate)));
  return kept.matmul(value.expandDims(2)).reshape(query.shape);
}

/** bool [batch or 1, 1, 1, time, keys] */
function visible({ causal = false, mask, segments }: AttentionOptions, time: Tensor["shape"][number], keys: Tensor["shape"][number]): Tensor | undefined {
  const conditions = [
    causal ? iota([1, 1, 1, 1, keys], 4).lessEqual(iota([1, 1, 1, time, 1], 3)) : undefined,
    mask?.reshape([mask.dim(0), 1, 1, 1, mask.dim(1)]),
    segments?.reshape([segments.dim(0), 1, 1, time, 1]).equal(segments.reshape([segments.dim(0), 1, 1, 1, keys])),
  ].filter((condition) => condition !== undefined);
  const [first, ...others] = conditions;
  return first && others.reduce((all, condition) => all.and(condition), first);
}
