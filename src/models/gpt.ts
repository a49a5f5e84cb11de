/**
 * Decoder-only Transformer.
 *
 * - Blocks of causal self-attention and a feed-forward layer, each read through a norm and added to what it reads
 *   (pre-norm; Radford et al. 2019).
 * - Positions: learned vectors (GPT-2) or rotations of queries and keys (Su et al. 2021).
 * - By options the Llama form (Touvron et al. 2023): RMSNorm, rotary positions, SwiGLU, grouped queries, no biases.
 * - The output projection may be the token embedding (Press and Wolf 2017).
 */
import { addDims, type Dim } from "../graph/dimension.ts";
import { float32, type Signature } from "../graph/program.ts";
import { concat, iota, zeros, type Tensor } from "../graph/tensor.ts";
import type { AttentionCache } from "../nn/cached-attention.ts";
import { Dropout } from "../nn/dropout.ts";
import { Embedding } from "../nn/embedding.ts";
import { FeedForward } from "../nn/feed-forward.ts";
import { normalInitializer } from "../nn/initializer.ts";
import { linearCrossEntropy } from "../nn/loss.ts";
import { Module, Parameter } from "../nn/module.ts";
import { MultiHeadAttention } from "../nn/multi-head-attention.ts";
import { LayerNorm, RmsNorm } from "../nn/norm.ts";
import { carriedTensor, lastOfEach, type Carried, type Extension, type LanguageLoss, type LanguageModel, type LanguageTrainingOptions, type TextBatch } from "./language-model.ts";

export interface GptOptions {
  readonly vocabulary: number;
  readonly context: number;
  readonly layers: number;
  readonly dimension: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  /** Units inside a feed-forward layer. */
  readonly feedForward: number;
  readonly activation: "relu" | "gelu" | "gelu-tanh" | "swiglu";
  readonly normalization: "layer" | "rms";
  /** ε of the norms. */
  readonly epsilon: number;
  readonly positions: "learned" | "rotary";
  readonly rotaryBase: number;
  readonly dropout: number;
  readonly bias: boolean;
  readonly tiedEmbeddings: boolean;
}

/** Standard deviation of the initial weights (Radford et al. 2018, section 4.1). */
const DEVIATION = 0.02;

export class Gpt extends Module implements LanguageModel {
  readonly tokenEmbedding: Embedding;
  readonly positionEmbedding: Embedding | undefined;
  readonly dropout: Dropout;
  readonly blocks: GptBlock[];
  readonly norm: LayerNorm | RmsNorm;
  readonly outputWeight: Parameter; // [vocabulary, dimension]
  readonly rewinds = true;

  constructor(readonly options: GptOptions) {
    super();
    const { vocabulary, context, layers, dimension, positions, tiedEmbeddings } = options;
    const normal = normalInitializer(DEVIATION);
    this.tokenEmbedding = new Embedding(vocabulary, dimension, normal);
    this.positionEmbedding = positions === "learned" ? new Embedding(context, dimension, normal) : undefined;
    this.dropout = new Dropout(options.dropout);
    this.blocks = Array.from({ length: layers }, () => new GptBlock(options));
    this.norm = makeNorm(options);
    this.outputWeight = tiedEmbeddings ? this.tokenEmbedding.weight : new Parameter([vocabulary, dimension], normal);
  }

  get vocabulary(): number {
    return this.options.vocabulary;
  }

  get context(): number {
    return this.options.context;
  }

  get features(): number {
    return this.options.dimension;
  }

  hidden(tokens: Tensor, seed?: Tensor): Tensor {
    return this.within(() => this.represent({ tokens }, seed));
  }

  loss({ tokens, targets, judged, documents, positions }: TextBatch, { labelSmoothing, zLoss, seed }: LanguageTrainingOptions): LanguageLoss {
    return this.within(() => {
      const x = this.represent({ tokens, documents, positions }, seed);
      const { losses, negativeLogLikelihoods } = linearCrossEntropy(x, this.outputWeight.tensor, targets, { labelSmoothing, zLoss });
      const counts = judged.cast("float32"); // [batch, time]
      return { loss: losses.multiply(counts).sum(), negativeLogLikelihoods: negativeLogLikelihoods.multiply(counts).sum(1) };
    });
  }

  start(rows: Dim, padding: Tensor): Carried {
    const { keyValueHeads, dimension, heads } = this.options;
    const empty = zeros([rows, keyValueHeads, 0, dimension / heads]);
    return { padding, ...Object.fromEntries(this.blocks.flatMap((_, layer) => [[`keys${layer}`, empty], [`values${layer}`, empty]])) };
  }

  read(tokens: Tensor, carried: Carried): { logits: Tensor; carried: Carried } {
    return this.within(() => {
      const padding = carriedTensor(carried, "padding"); // [rows]
      const past = carriedTensor(carried, "keys0").dim(2);
      const all = addDims(past, tokens.dim(1));
      const places = iota([all]).slice(0, past); // [time]: of the tokens among all
      // Places of padding have positions below zero; nothing looks at them.
      const positions = places.subtract(padding.expandDims(1)).maximum(0); // [rows, time]
      const keyPlaces = iota([1, 1, all], 2);
      const mask = keyPlaces.lessEqual(places.expandDims(1)).and(padding.reshape([-1, 1, 1]).lessEqual(keyPlaces)); // [rows, time, keys]
      let x = this.embed(tokens, positions);
      const next: Record<string, Tensor> = { padding };
      for (const [layer, block] of this.blocks.entries()) {
        const [keysName, valuesName] = [`keys${layer}`, `values${layer}`];
        const cache = { keys: carriedTensor(carried, keysName), values: carriedTensor(carried, valuesName) };
        const after = block.read(x, cache, { positions, mask });
        [next[keysName], next[valuesName], x] = [after.keys, after.values, after.output];
      }
      return { logits: this.project(x), carried: next };
    });
  }

  memoryTypes(rows: Dim, capacity: Dim): Signature {
    const { keyValueHeads, dimension, heads } = this.options;
    const cache = float32(rows, keyValueHeads, capacity, dimension / heads);
    return Object.fromEntries(this.blocks.flatMap((_, layer) => [[`keys${layer}`, cache], [`values${layer}`, cache]]));
  }

  extend(tokens: Tensor, memory: Carried, { lengths, counts, each }: Extension): { logits: Tensor; memory: Carried } {
    return this.within(() => {
      // Tokens that fill up may stand beyond the last position.
      const positions = lengths.expandDims(1).add(iota([1, tokens.dim(1)], 1)).minimum(this.context - 1); // [rows, time]
      let x = this.embed(tokens, positions);
      const next: Record<string, Tensor> = {};
      for (const [layer, block] of this.blocks.entries()) {
        const [keysName, valuesName] = [`keys${layer}`, `values${layer}`];
        const cache = { keys: carriedTensor(memory, keysName), values: carriedTensor(memory, valuesName) };
        const after = block.extend(x, cache, lengths, positions);
        [next[keysName], next[valuesName], x] = [after.keys, after.values, after.output];
      }
      return { logits: this.project(each ? x : lastOfEach(x, counts)), memory: next };
    });
  }

  /** [batch, time, dimension], after the last norm. */
  private represent({ tokens, documents, positions }: Pick<TextBatch, "tokens" | "documents" | "positions">, seed: Tensor | undefined): Tensor {
    const places = iota([tokens.dim(1)]); // [time]
    let x = this.dropout.forward(this.embed(tokens, positions ?? places), seed);
    // Rotations see distances, which are the same wherever a document begins.
    for (const block of this.blocks) x = block.forward(x, places, documents, seed);
    return this.norm.forward(x);
  }

  /** [..., dimension] → logits [..., vocabulary] */
  private project(x: Tensor): Tensor {
    return this.norm.forward(x).matmul(this.outputWeight.tensor.transpose());
  }

  private embed(tokens: Tensor, positions: Tensor): Tensor {
    const x = this.tokenEmbedding.forward(tokens); // [batch, time, dimension]
    return this.positionEmbedding === undefined ? x : x.add(this.positionEmbedding.forward(positions));
  }
}

class GptBlock extends Module {
  readonly attentionNorm: LayerNorm | RmsNorm;
  readonly attention: MultiHeadAttention;
  readonly attentionDropout: Dropout;
  readonly feedForwardNorm: LayerNorm | RmsNorm;
  readonly feedForward: FeedForward;
  readonly feedForwardDropout: Dropout;

  constructor(options: GptOptions) {
    super();
    const { dimension, heads, keyValueHeads, bias, dropout, layers, positions, rotaryBase, activation } = options;
    const initializer = normalInitializer(DEVIATION);
    // Two additions a layer to one stream (Radford et al. 2019, section 2.3).
    const outputInitializer = normalInitializer(DEVIATION / Math.sqrt(2 * layers));
    this.attentionNorm = makeNorm(options);
    this.attention = new MultiHeadAttention(dimension, heads, {
      keyValueHeads, bias, dropout, initializer, outputInitializer, ...(positions === "rotary" && { rotaryBase }),
    });
    this.attentionDropout = new Dropout(dropout);
    this.feedForwardNorm = makeNorm(options);
    this.feedForward = new FeedForward(dimension, options.feedForward, { activation, bias, initializer, outputInitializer });
    this.feedForwardDropout = new Dropout(dropout);
  }

  /** x [batch, time, dimension]. */
  forward(x: Tensor, positions: Tensor, documents: Tensor | undefined, seed: Tensor | undefined): Tensor {
    return this.within(() => {
      const attended = this.attention.forward(this.attentionNorm.forward(x), { causal: true, positions, ...(documents && { segments: documents }), seed });
      const y = x.add(this.attentionDropout.forward(attended, seed));
      return y.add(this.feedForwardDropout.forward(this.feedForward.forward(this.feedForwardNorm.forward(y)), seed));
    });
  }

  /** x [rows, time, dimension] after the keys and values of earlier tokens, each [rows, heads, past, size]. */
  read(
    x: Tensor, cache: { keys: Tensor; values: Tensor }, { positions, mask }: { positions: Tensor; mask: Tensor },
  ): { output: Tensor; keys: Tensor; values: Tensor } {
    return this.within(() => {
      const normed = this.attentionNorm.forward(x);
      const fresh = this.attention.keysAndValues(normed, positions);
      const keys = concat([cache.keys, fresh.keys], 2);
      const values = concat([cache.values, fresh.values], 2);
      const y = x.add(this.attention.attend(normed, { keys, values }, { mask, positions }).output);
      return { output: y.add(this.feedForward.forward(this.feedForwardNorm.forward(y))), keys, values };
    });
  }

  /** x [rows, time, dimension] after the first `lengths` places of a cache. */
  extend(x: Tensor, cache: AttentionCache, lengths: Tensor, positions: Tensor): { output: Tensor; keys: Tensor; values: Tensor } {
    return this.within(() => {
      const { output, keys, values } = this.attention.extend(this.attentionNorm.forward(x), cache, lengths, positions);
      const y = x.add(output);
      return { output: y.add(this.feedForward.forward(this.feedForwardNorm.forward(y))), keys, values };
    });
  }
}

function makeNorm({ normalization, dimension, bias, epsilon }: GptOptions): LayerNorm | RmsNorm {
  return normalization === "rms" ? new RmsNorm(dimension, { epsilon }) : new LayerNorm(dimension, { bias, epsilon });
}
