import { composite } from "../graph/control.ts";
import { addDims } from "../graph/dimension.ts";
import { iota, where, type Tensor } from "../graph/tensor.ts";
import { softmax } from "./activation.ts";
import { MASKED_SCORE } from "./attention-product.ts";

/** Keys and values of earlier tokens, with room for more: [rows, keyValueHeads, capacity, size] each. */
export interface AttentionCache {
  readonly keys: Tensor;
  readonly values: Tensor;
}

export interface CachedAttention {
  readonly attended: Tensor; // [rows, time, heads·size]
  /** With the new tokens' keys and values after the places that counted. */
  readonly cache: AttentionCache;
}

/**
 * Causal attention of new tokens to those in a cache and to themselves: query [rows, time, heads·size], key and value
 * [rows, time, keyValueHeads·size] → [rows, time, heads·size]. The first `lengths` places of a row's cache count, int32
 * [rows]; there is room for the new tokens after them. Not differentiable.
 *
 * The cache is read for nothing else, so that an engine may be given its arrays to write the new ones into.
 *
 * Several tokens at once are read by rows that hold nothing yet, or by one row alone; engines may refuse others.
 */
export function cachedAttention(
  query: Tensor, key: Tensor, value: Tensor, cache: AttentionCache, lengths: Tensor, { heads, keyValueHeads }: { heads: number; keyValueHeads: number },
): CachedAttention {
  const size = Number(query.dim(-1)) / heads;
  const inputs = [query, key, value, cache.keys, cache.values, lengths] as const;
  // ONNX Runtime's operator takes heads of sizes that 8 divides.
  if (size % 8 !== 0) return attendToCache(size, ...inputs);
  const [attended, filledKeys, filledValues] = composite("cachedAttention", inputs, (q, k, v, held, heldValues, starts) => {
    if (!q || !k || !v || !held || !heldValues || !starts) throw new Error("Cached attention takes six tensors.");
    const { attended: output, cache: { keys, values } } = attendToCache(size, q, k, v, held, heldValues, starts);
    return [output, keys, values];
  }, { parameters: { heads, keyValueHeads } });
  if (!attended || !filledKeys || !filledValues) throw new Error("Cached attention has three outputs.");
  return { attended, cache: { keys: filledKeys, values: filledValues } };
}

function attendToCache(size: number, query: Tensor, key: Tensor, value: Tensor, keys: Tensor, values: Tensor, starts: Tensor): CachedAttention {
  const places = starts.expandDims(1).add(iota([1, query.dim(1)], 1)); // [rows, time]
  const seen = iota([1, 1, keys.dim(2)], 2).lessEqual(places.expandDims(2)); // [rows, time, capacity]
  const cache = { keys: write(keys, split(key, size), starts), values: write(values, split(value, size), starts) };
  return { attended: attend(split(query, size), cache, seen).transpose([0, 2, 1, 3]).reshape(query.shape), cache };
}

/** [rows, time, heads·size] → [rows, heads, time, size] */
function split(x: Tensor, size: number): Tensor {
  return x.reshape([x.dim(0), x.dim(1), -1, size]).transpose([0, 2, 1, 3]);
}

/** softmax(q kᵀ / √size) v over the places that are seen: [rows, heads, time, size]. */
function attend(query: Tensor, { keys, values }: AttentionCache, seen: Tensor): Tensor {
  const [rows = 1, heads = 1, time = 1, size = 1] = query.shape;
  const [, groups = 1, capacity = 1] = keys.shape;
  // Heads that share keys are rows of one product.
  const scores = query.multiply(1 / Math.sqrt(Number(size))).reshape([rows, groups, -1, size]).matmul(keys.transpose());
  const weights = softmax(where(seen.expandDims(1), scores.reshape([rows, heads, time, capacity]), MASKED_SCORE));
  return weights.reshape([rows, groups, -1, capacity]).matmul(values).reshape(query.shape);
}

/** Puts added [rows, heads, time, size] into held [rows, heads, capacity, size] from place `starts` of each row on. */
function write(held: Tensor, added: Tensor, starts: Tensor): Tensor {
  const time = added.dim(2);
  const count = iota([addDims(time, 1)]).slice(0, time).reshape([]);
  const offsets = iota([1, 1, held.dim(2), 1], 2).subtract(starts.reshape([-1, 1, 1, 1])); // [rows, 1, capacity, 1]
  const fresh = offsets.less(0).not().and(offsets.less(count));
  const sources = offsets.maximum(0).minimum(count.subtract(1)).broadcastTo(held.shape);
  return where(fresh, added.takeAlong(sources, 2), held);
}
