import { multiplyDims } from "../graph/dimension.ts";
import { iota, where, type Tensor } from "../graph/tensor.ts";
import { softmax } from "./activation.ts";
import { attention, MASKED_SCORE, type AttentionLoop } from "./attention-product.ts";
import { cachedAttention, type AttentionCache } from "./cached-attention.ts";
import { Dropout } from "./dropout.ts";
import type { Initializer } from "./initializer.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";
import { rotate } from "./positions.ts";

export interface MultiHeadAttentionOptions {
  /** Heads of keys and values, each shared by `heads / keyValueHeads` heads of queries; by default `heads`. */
  readonly keyValueHeads?: number;
  /** true by default. */
  readonly bias?: boolean;
  /** Base of rotary positions; without it there are none. */
  readonly rotaryBase?: number;
  /** Share of the attention probabilities that are dropped out; 0 by default. */
  readonly dropout?: number;
  readonly initializer?: Initializer;
  /** Of the output projection; by default `initializer`. */
  readonly outputInitializer?: Initializer;
}

export interface AttendOptions {
  readonly causal?: boolean;
  /** What is attended to, instead of x: [batch, source, dimension]. */
  readonly memory?: Tensor | undefined;
  /** bool [batch, keys]: which keys exist. */
  readonly mask?: Tensor | undefined;
  /** int32 [time] or [batch, time], for rotary positions; by default 0, 1, 2, … */
  readonly positions?: Tensor | undefined;
  /** int32 [batch, time]: attention stays within equal segments. */
  readonly segments?: Tensor | undefined;
  /** int32 scalar that switches dropout on. */
  readonly seed?: Tensor | undefined;
  /** By default what `loopOver` finds fastest. */
  readonly loop?: AttentionLoop;
}

/** Projected, and where there are rotary positions turned: [batch, keyValueHeads, time, size] each. */
export interface KeysAndValues {
  readonly keys: Tensor;
  readonly values: Tensor;
}

/**
 * Multi-head attention (Vaswani et al. 2017, section 3.2.2), with heads that may share keys and values (Shazeer 2019;
 * Ainslie et al. 2023) and rotary positions (Su et al. 2021):
 *
 *     output([softmax(q kᵀ / √size) v of each head]),   q = query(x), k = key(m), v = value(m), m = x or the memory
 */
export class MultiHeadAttention extends Module {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
  readonly dropout: Dropout;
  readonly keyValueHeads: number;
  readonly rotaryBase: number | undefined;
  /** Of a head. */
  readonly size: number;

  constructor(readonly dimension: number, readonly heads: number, options: MultiHeadAttentionOptions = {}) {
    super();
    const { keyValueHeads = heads, bias = true, initializer, outputInitializer = initializer } = options;
    if (dimension % heads !== 0) throw new Error(`A dimension of ${dimension} cannot be divided among ${heads} heads; give a divisor.`);
    if (heads % keyValueHeads !== 0) throw new Error(`${heads} heads cannot share ${keyValueHeads} heads of keys and values evenly; give a divisor.`);
    this.size = dimension / heads;
    if (options.rotaryBase !== undefined && this.size % 2 !== 0) {
      throw new Error(`Rotary positions turn pairs of features, but a head has ${this.size}; give heads an even size.`);
    }
    this.keyValueHeads = keyValueHeads;
    this.rotaryBase = options.rotaryBase;
    const inward = { bias, ...(initializer && { initializer }) };
    this.query = new Linear(dimension, dimension, inward);
    this.key = new Linear(dimension, keyValueHeads * this.size, inward);
    this.value = new Linear(dimension, keyValueHeads * this.size, inward);
    this.output = new Linear(dimension, dimension, { bias, ...(outputInitializer && { initializer: outputInitializer }) });
    this.dropout = new Dropout(options.dropout ?? 0);
  }

  /** Self-attention, or over `memory` where given: x [batch, time, dimension] → the same. */
  forward(x: Tensor, options: AttendOptions = {}): Tensor {
    return this.within(() => {
      const { memory, mask, segments, seed, loop, causal = false } = options;
      if (memory !== undefined && this.rotaryBase !== undefined) {
        throw new Error("Rotary positions are those of one sequence; attention over a memory has none.");
      }
      const { keys, values } = this.keysAndValues(memory ?? x, options.positions);
      const query = this.#turn(this.#heads(this.query.forward(x)), options.positions);
      return this.#join(attention(query, keys, values, { causal, mask, segments, dropout: this.dropout.draw(seed), ...(loop && { loop }) }));
    });
  }

  /** Keys and values of new tokens, to be cached: x [batch, time, dimension] → [batch, keyValueHeads, time, size] each. */
  keysAndValues(x: Tensor, positions?: Tensor): KeysAndValues {
    return this.within(() => ({
      keys: this.#turn(this.#heads(this.key.forward(x)), positions), values: this.#heads(this.value.forward(x)),
    }));
  }

  /**
   * Attends from x [batch, time, dimension] to given keys and values. `mask`, bool [batch, time, keys] or
   * [batch, 1, keys], tells what each query may see. Gives the weights [batch, heads, time, keys] too.
   */
  attend(
    x: Tensor, { keys, values }: KeysAndValues, options: { mask?: Tensor | undefined; positions?: Tensor | undefined } = {},
  ): { output: Tensor; weights: Tensor } {
    return this.within(() => {
      const query = this.#turn(this.#heads(this.query.forward(x)), options.positions).multiply(1 / Math.sqrt(this.size));
      const [batch = 1, , time = 1] = query.shape;
      const length = keys.dim(2);
      // Heads that share keys are rows of one product.
      const shared = multiplyDims(this.heads / this.keyValueHeads, time);
      const rows = query.reshape([batch, this.keyValueHeads, shared, this.size]);
      const scores = rows.matmul(keys.transpose()).reshape([batch, this.heads, time, length]);
      const weights = softmax(options.mask === undefined ? scores : where(options.mask.expandDims(1), scores, MASKED_SCORE));
      const attended = weights.reshape([batch, this.keyValueHeads, shared, length]).matmul(values);
      return { output: this.#join(attended.reshape(query.shape)), weights };
    });
  }

  /**
   * Attends causally from new tokens x [rows, time, dimension] at int32 positions [rows, time] to the first `lengths`
   * places of a cache, int32 [rows], and to themselves. Gives the cache after them too, as `cachedAttention` does.
   */
  extend(x: Tensor, cache: AttentionCache, lengths: Tensor, positions: Tensor): { output: Tensor; keys: Tensor; values: Tensor } {
    return this.within(() => {
      const turned = (y: Tensor): Tensor => (this.rotaryBase === undefined ? y
        : this.#turn(this.#heads(y), positions).transpose([0, 2, 1, 3]).reshape(y.shape));
      const [keys, values] = [turned(this.key.forward(x)), this.value.forward(x)];
      const after = cachedAttention(turned(this.query.forward(x)), keys, values, cache, lengths, this);
      return { output: this.output.forward(after.attended), ...after.cache };
    });
  }

  /** [batch, time, heads·size] → [batch, heads, time, size] */
  #heads(x: Tensor): Tensor {
    const [batch = 1, time = 1] = x.shape;
    return x.reshape([batch, time, -1, this.size]).transpose([0, 2, 1, 3]);
  }

  /** [batch, heads, time, size] → [batch, time, dimension] */
  #join(attended: Tensor): Tensor {
    const [batch = 1, , time = 1] = attended.shape;
    return this.output.forward(attended.transpose([0, 2, 1, 3]).reshape([batch, time, this.dimension]));
  }

  #turn(x: Tensor, positions: Tensor | undefined): Tensor {
    return this.rotaryBase === undefined ? x : rotate(x, positions ?? iota([x.dim(2)]), this.rotaryBase);
  }
}
