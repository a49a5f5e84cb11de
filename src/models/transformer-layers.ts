import { concat, type Tensor } from "../graph/tensor.ts";
import { Dropout } from "../nn/dropout.ts";
import { FeedForward, type FeedForwardActivation } from "../nn/feed-forward.ts";
import { Module } from "../nn/module.ts";
import { MultiHeadAttention, type KeysAndValues } from "../nn/multi-head-attention.ts";
import { LayerNorm } from "../nn/norm.ts";

export interface TransformerLayerOptions {
  readonly dimension: number;
  readonly heads: number;
  /** Hidden units of the feed-forward network. */
  readonly feedForward: number;
  readonly activation: FeedForwardActivation;
  /** Before each part (Xiong et al. 2020), or after its sum with what it read (Vaswani et al. 2017). */
  readonly normalization: "pre" | "post";
  readonly rotaryBase: number | undefined;
  readonly dropout: number;
  readonly bias: boolean;
}

/** One part of a layer with what is around it: x + dropout(part(norm(x))), or norm(x + dropout(part(x))). */
class Residual extends Module {
  readonly norm: LayerNorm;
  readonly dropout: Dropout;
  readonly #order: "pre" | "post";

  constructor({ dimension, bias, dropout, normalization }: TransformerLayerOptions) {
    super();
    this.norm = new LayerNorm(dimension, { bias });
    this.dropout = new Dropout(dropout);
    this.#order = normalization;
  }

  forward(x: Tensor, seed: Tensor | undefined, part: (x: Tensor) => Tensor): Tensor {
    return this.#order === "pre" ? x.add(this.dropout.forward(part(this.norm.forward(x)), seed))
      : this.norm.forward(x.add(this.dropout.forward(part(x), seed)));
  }
}

function feedForwardOf({ dimension, feedForward, activation, bias }: TransformerLayerOptions): FeedForward {
  return new FeedForward(dimension, feedForward, { activation, bias });
}

function selfAttentionOf({ dimension, heads, bias, rotaryBase }: TransformerLayerOptions): MultiHeadAttention {
  return new MultiHeadAttention(dimension, heads, { bias, ...(rotaryBase !== undefined && { rotaryBase }) });
}

/** Self-attention, then the feed-forward network. */
export class TransformerEncoderLayer extends Module {
  readonly selfAttention: MultiHeadAttention;
  readonly selfResidual: Residual;
  readonly feedForward: FeedForward;
  readonly feedForwardResidual: Residual;

  constructor(options: TransformerLayerOptions) {
    super();
    this.selfAttention = selfAttentionOf(options);
    this.selfResidual = new Residual(options);
    this.feedForward = feedForwardOf(options);
    this.feedForwardResidual = new Residual(options);
  }

  /** x [batch, source, dimension], mask bool [batch, source]. */
  forward(x: Tensor, mask: Tensor, seed: Tensor | undefined): Tensor {
    return this.within(() => {
      const attended = this.selfResidual.forward(x, seed, (read) => this.selfAttention.forward(read, { mask }));
      return this.feedForwardResidual.forward(attended, seed, (read) => this.feedForward.forward(read, seed));
    });
  }
}

/** Causal self-attention, attention over the encoder's output, then the feed-forward network. */
export class TransformerDecoderLayer extends Module {
  readonly selfAttention: MultiHeadAttention;
  readonly selfResidual: Residual;
  readonly crossAttention: MultiHeadAttention;
  readonly crossResidual: Residual;
  readonly feedForward: FeedForward;
  readonly feedForwardResidual: Residual;

  constructor(options: TransformerLayerOptions) {
    super();
    this.selfAttention = selfAttentionOf(options);
    this.selfResidual = new Residual(options);
    this.crossAttention = new MultiHeadAttention(options.dimension, options.heads, { bias: options.bias });
    this.crossResidual = new Residual(options);
    this.feedForward = feedForwardOf(options);
    this.feedForwardResidual = new Residual(options);
  }

  /** x [batch, time, dimension], memory [batch, source, dimension], mask bool [batch, source]. */
  forward(x: Tensor, memory: Tensor, mask: Tensor, seed: Tensor | undefined): Tensor {
    return this.within(() => {
      const self = this.selfResidual.forward(x, seed, (read) => this.selfAttention.forward(read, { causal: true }));
      const cross = this.crossResidual.forward(self, seed, (read) => this.crossAttention.forward(read, { memory, mask }));
      return this.feedForwardResidual.forward(cross, seed, (read) => this.feedForward.forward(read, seed));
    });
  }

  /**
   * One token a row: x [rows, 1, dimension] at `position` int32 [1], after the tokens in `past`. `memory` has keys and
   * values [batch, heads, source, size], its mask is bool [batch, source]; the rows of a sentence are neighbours.
   * Gives the weights over the source too: [rows, heads, source].
   */
  step(
    x: Tensor, position: Tensor, past: KeysAndValues, memory: KeysAndValues, mask: Tensor,
  ): { output: Tensor; past: KeysAndValues; weights: Tensor } {
    return this.within(() => {
      let next = past;
      const self = this.selfResidual.forward(x, undefined, (read) => {
        const own = this.selfAttention.keysAndValues(read, position);
        next = { keys: concat([past.keys, own.keys], 2), values: concat([past.values, own.values], 2) };
        return this.selfAttention.attend(read, next, { positions: position }).output;
      });
      let weights = x;
      const cross = this.crossResidual.forward(self, undefined, (read) => {
        const sentences = read.reshape([mask.dim(0), -1, read.dim(-1)]); // [batch, beam, dimension]
        const attended = this.crossAttention.attend(sentences, memory, { mask: mask.expandDims(1) });
        weights = attended.weights.transpose([0, 2, 1, 3]).reshape([x.dim(0), attended.weights.dim(1), mask.dim(1)]);
        return attended.output.reshape(read.shape);
      });
      const output = this.feedForwardResidual.forward(cross, undefined, (read) => this.feedForward.forward(read));
      return { output, past: next, weights };
    });
  }
}
