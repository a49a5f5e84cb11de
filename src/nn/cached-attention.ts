import { composite } from "../graph/control.ts";
import { addDims } from "../graph/dimension.ts";
import { iota, where, type Tensor } from "../graph/tensor.ts";
import { softmax } from "./activation.ts";
import { MASKED_SCORE } from "./attention-product.ts";
import { rotate } from "./positions.ts";

/** Keys and values of earlier tokens, with room for more: [rows, keyValueHeads, capacity, size] each. */
export interface AttentionCache {
  readonly keys: Tensor;
  readonly values: Tensor;
}

export interface CachedAttentionOptions {
  readonly heads: number;
  readonly keyValueHeads: number;
  /** Base of rotary positions; without it there are none. */
  readonly rotaryBase: number | undefined;
  /** The most tokens that a row will ever hold. */
  readonly context: number;
}

/**
 * Causal attention of new tokens to those in a cache and to themselves: query [rows, time, heads·size], key and value
 * [rows, time, keyValueHeads·size]. Token t of a row takes place `lengths` + t of the row's cache, lengths int32 [rows];
 * what the cache held from there on is forgotten, so a smaller length takes tokens back. Gives the attended values
 * [rows, time, heads·size] and the cache with the new tokens. Not differentiable.
 *
 * Several tokens at once are read by rows that hold nothing yet, or by one row alone; engines may refuse others.
 */
export function cachedAttention(
  query: Tensor, key: Tensor, value: Tensor, cache: AttentionCache, lengths: Tensor, options: CachedAttentionOptions,
): { attended: Tensor; cache: AttentionCache } {
  const { heads, keyValueHeads, context } = options;
  const size = Number(query.dim(-1)) / heads;
  const { rotaryBase, turn } = rotation(options, size, lengths);
  const inputs = [turn(query), turn(key), value, cache.keys, cache.values, lengths];
  // ONNX Runtime's operator takes heads of sizes that 8 divides; others are computed as they are written here.
  const label = size % 8 === 0 ? "cachedAttention" : "";
  const [attended, keys, values] = composite(label, inputs, (q, k, v, oldKeys, oldValues, starts) => {
    if (!q || !k || !v || !oldKeys || !oldValues || !starts) throw new Error("Cached attention takes six tensors.");
    const places = placesOf(q, starts);
    const turned = (x: Tensor): Tensor => (rotaryBase === undefined ? split(x, size) : rotate(split(x, size), places, rotaryBase));
    const all = { keys: write(oldKeys, turned(k), starts), values: write(oldValues, split(v, size), starts) };
    const seen = iota([1, 1, oldKeys.dim(2)], 2).lessEqual(places.expandDims(2)); // [rows, time, capacity]
    return [join(attend(turned(q), all, seen)), all.keys, all.values];
  }, { parameters: { heads, keyValueHeads, size, context, ...(rotaryBase !== undefined && { rotaryBase }) } });
  if (attended === undefined || keys === undefined || values === undefined) throw new Error("Cached attention has three outputs.");
  return { attended, cache: { keys, values } };
}

/** ONNX Runtime's operator turns heads of sizes that 16 divides; others are turned before. */
function rotation(
  { rotaryBase }: CachedAttentionOptions, size: number, lengths: Tensor,
): { rotaryBase: number | undefined; turn: (x: Tensor) => Tensor } {
  if (rotaryBase === undefined || size % 16 === 0) return { rotaryBase, turn: (x) => x };
  return { rotaryBase: undefined, turn: (x) => join(rotate(split(x, size), placesOf(x, lengths), rotaryBase)) };
}

/** Places of new tokens x [rows, time, …]: int32 [rows, time]. */
function placesOf(x: Tensor, lengths: Tensor): Tensor {
  return lengths.expandDims(1).add(iota([1, x.dim(1)], 1));
}

/** [rows, time, heads·size] → [rows, heads, time, size] */
function split(x: Tensor, size: number): Tensor {
  return x.reshape([x.dim(0), x.dim(1), -1, size]).transpose([0, 2, 1, 3]);
}

/** [rows, heads, time, size] → [rows, time, heads·size] */
function join(x: Tensor): Tensor {
  const [rows = 1, heads = 1, time = 1, size = 1] = x.shape;
  return x.transpose([0, 2, 1, 3]).reshape([rows, time, Number(heads) * Number(size)]);
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
