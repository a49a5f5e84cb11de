/**
 * Transformer encoder-decoder (Vaswani et al. 2017).
 *
 * - The encoder's layers attend to the source; the decoder's to what was written so far, and to the encoder's output.
 * - Layer normalisation after each part, as published, or before it (Xiong et al. 2020), with one more at the end.
 * - Positions as waves, as learned vectors, or by rotation of queries and keys (Su et al. 2021).
 * - Embeddings times √dimension; dropout on their sum with the positions and on each part's output; tied embeddings
 *   (Press and Wolf 2017).
 */
import { addDims } from "../graph/dimension.ts";
import { iota, zeros, type Tensor } from "../graph/tensor.ts";
import { Dropout } from "../nn/dropout.ts";
import { Embedding } from "../nn/embedding.ts";
import type { FeedForwardActivation } from "../nn/feed-forward.ts";
import { glorotInitializer, zeroInitializer } from "../nn/initializer.ts";
import { linearCrossEntropy } from "../nn/loss.ts";
import { Module, Parameter } from "../nn/module.ts";
import { LayerNorm } from "../nn/norm.ts";
import { sinusoidalPositions } from "../nn/positions.ts";
import type { SequenceLoss, SequenceModel, StepState, TrainingOptions, TranslationBatch } from "./sequence-model.ts";
import { TransformerDecoderLayer, TransformerEncoderLayer } from "./transformer-layers.ts";

export interface Seq2SeqTransformerOptions {
  readonly sourceVocabulary: number;
  readonly targetVocabulary: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  readonly dimension: number;
  readonly heads: number;
  /** Hidden units of the feed-forward networks. */
  readonly feedForward: number;
  readonly activation: FeedForwardActivation;
  readonly normalization: "pre" | "post";
  /** `maximum`: tokens that have a learned position of their own; all later ones share the last. */
  readonly positions:
    | { readonly kind: "sinusoidal" }
    | { readonly kind: "learned"; readonly maximum: number }
    | { readonly kind: "rotary"; readonly base: number };
  readonly dropout: number;
  readonly tiedEmbeddings: "none" | "target" | "all";
  readonly bias: boolean;
  /** Layer of the decoder, from 0, whose attention over the source is the alignment; by default the last. */
  readonly alignmentLayer?: number;
}

export class Seq2SeqTransformer extends Module implements SequenceModel {
  readonly sourceEmbedding: Embedding;
  readonly targetEmbedding: Embedding;
  readonly sourcePositions: Embedding | undefined;
  readonly targetPositions: Embedding | undefined;
  readonly encoder: TransformerEncoderLayer[];
  readonly encoderNorm: LayerNorm | undefined;
  readonly decoder: TransformerDecoderLayer[];
  readonly decoderNorm: LayerNorm | undefined;
  readonly outputWeight: Parameter; // [vocabulary, dimension]
  readonly outputBias: Parameter | undefined;
  readonly sourceDropout: Dropout;
  readonly targetDropout: Dropout;
  readonly alignmentLayer: number;

  constructor(readonly options: Seq2SeqTransformerOptions) {
    super();
    const { dimension, sourceVocabulary, targetVocabulary, tiedEmbeddings, positions, bias, normalization } = options;
    if (tiedEmbeddings === "all" && sourceVocabulary !== targetVocabulary) {
      throw new Error(`Embeddings tied on both sides need one joint vocabulary; the sides have ${sourceVocabulary} and ${targetVocabulary} tokens.`);
    }
    this.alignmentLayer = options.alignmentLayer ?? options.decoderLayers - 1;
    if (!Number.isInteger(this.alignmentLayer) || this.alignmentLayer < 0 || this.alignmentLayer >= options.decoderLayers) {
      throw new Error(`The alignment was asked of the decoder's layer ${this.alignmentLayer}; it has ${options.decoderLayers}, counted from 0.`);
    }
    const layer = { ...options, rotaryBase: positions.kind === "rotary" ? positions.base : undefined };
    const learned = (): Embedding | undefined => (positions.kind === "learned" ? new Embedding(positions.maximum, dimension) : undefined);
    const lastNorm = (): LayerNorm | undefined => (normalization === "pre" ? new LayerNorm(dimension, { bias }) : undefined);

    this.targetEmbedding = new Embedding(targetVocabulary, dimension);
    this.sourceEmbedding = tiedEmbeddings === "all" ? this.targetEmbedding : new Embedding(sourceVocabulary, dimension);
    this.sourcePositions = learned();
    this.targetPositions = learned();
    this.encoder = Array.from({ length: options.encoderLayers }, () => new TransformerEncoderLayer(layer));
    this.encoderNorm = lastNorm();
    this.decoder = Array.from({ length: options.decoderLayers }, () => new TransformerDecoderLayer(layer));
    this.decoderNorm = lastNorm();
    this.outputWeight = tiedEmbeddings === "none" ? new Parameter([targetVocabulary, dimension], glorotInitializer()) : this.targetEmbedding.weight;
    this.outputBias = bias ? new Parameter([targetVocabulary], zeroInitializer) : undefined;
    this.sourceDropout = new Dropout(options.dropout);
    this.targetDropout = new Dropout(options.dropout);
  }

  /** None. */
  recurrentParameters(): Parameter[] {
    return [];
  }

  loss(batch: TranslationBatch, { labelSmoothing, seed }: TrainingOptions): SequenceLoss {
    return this.within(() => {
      const { memory, mask } = this.encodeSource(batch.source, batch.sourceLengths, seed);
      const places = iota([batch.targetInput.dim(1)]);
      let x = this.targetDropout.forward(this.embed(this.targetEmbedding, this.targetPositions, batch.targetInput, places), seed);
      // Padding comes last, so no token that counts sees it.
      for (const layer of this.decoder) x = layer.forward(x, memory, mask, seed); // [batch, time, dimension]
      const { losses, negativeLogLikelihoods } = linearCrossEntropy(this.decoderNorm?.forward(x) ?? x, this.outputWeight.tensor, batch.targetOutput, {
        bias: this.outputBias?.tensor, labelSmoothing,
      });
      const real = iota(batch.targetOutput.shape, 1).less(batch.targetLengths.expandDims(1)).cast("float32"); // [batch, time]
      return {
        loss: losses.multiply(real).sum(),
        negativeLogLikelihoods: negativeLogLikelihoods.multiply(real).sum(1), // [batch]
      };
    });
  }

  /** Keys and values of each decoder layer: of the source in `memory`, of the tokens written so far in `carried`. */
  encode(source: Tensor, lengths: Tensor): StepState {
    return this.within(() => {
      const { heads, dimension } = this.options;
      const { memory, mask } = this.encodeSource(source, lengths, undefined);
      const nothing = zeros([source.dim(0), heads, 0, dimension / heads]);
      return {
        carried: Object.fromEntries(this.decoder.flatMap((_, layer) => [[`keys${layer}`, nothing], [`values${layer}`, nothing]])),
        memory: { mask, ...Object.fromEntries(this.decoder.flatMap(({ crossAttention }, layer) => {
          const { keys, values } = crossAttention.keysAndValues(memory);
          return [[`keys${layer}`, keys], [`values${layer}`, values]];
        })) },
      };
    });
  }

  step(tokens: Tensor, { carried, memory }: StepState): { logits: Tensor; carried: Record<string, Tensor>; alignment: Tensor | undefined } {
    return this.within(() => {
      const past = stateTensor(carried, "keys0").dim(2);
      const place = iota([addDims(past, 1)]).slice(0, past); // [1]
      const next: Record<string, Tensor> = {};
      let alignment: Tensor | undefined;
      let x = this.embed(this.targetEmbedding, this.targetPositions, tokens.expandDims(1), place); // [rows, 1, dimension]
      for (const [index, layer] of this.decoder.entries()) {
        const [keys, values] = [`keys${index}`, `values${index}`];
        const pair = (fields: StepState["carried"]) => ({ keys: stateTensor(fields, keys), values: stateTensor(fields, values) });
        const stepped = layer.step(x, place, pair(carried), pair(memory), stateTensor(memory, "mask"));
        [next[keys], next[values], x] = [stepped.past.keys, stepped.past.values, stepped.output];
        if (index === this.alignmentLayer) alignment = stepped.weights.mean(1); // [rows, source]
      }
      const top = (this.decoderNorm?.forward(x) ?? x).squeeze(1); // [rows, dimension]
      const product = top.matmul(this.outputWeight.tensor.transpose());
      return { logits: this.outputBias === undefined ? product : product.add(this.outputBias.tensor), carried: next, alignment };
    });
  }

  /** Source int32 [batch, time] → the encoder's output [batch, time, dimension], and which of its places are real. */
  private encodeSource(source: Tensor, lengths: Tensor, seed: Tensor | undefined): { memory: Tensor; mask: Tensor } {
    const mask = iota(source.shape, 1).less(lengths.expandDims(1));
    const places = iota([source.dim(1)]);
    let x = this.sourceDropout.forward(this.embed(this.sourceEmbedding, this.sourcePositions, source, places), seed);
    for (const layer of this.encoder) x = layer.forward(x, mask, seed);
    return { memory: this.encoderNorm?.forward(x) ?? x, mask };
  }

  /** Tokens int32 [batch, time] at places int32 [time] → [batch, time, dimension]. */
  private embed(embedding: Embedding, learned: Embedding | undefined, tokens: Tensor, places: Tensor): Tensor {
    const { dimension, positions } = this.options;
    const x = embedding.forward(tokens).multiply(Math.sqrt(dimension));
    switch (positions.kind) {
      case "sinusoidal":
        return x.add(sinusoidalPositions(places, dimension));
      case "learned":
        return learned === undefined ? x : x.add(learned.forward(places.minimum(positions.maximum - 1)));
      case "rotary":
        return x;
      default:
        return positions satisfies never;
    }
  }
}

function stateTensor(fields: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = fields[name];
  if (tensor === undefined) throw new Error(`The decoder's state lacks "${name}".`);
  return tensor;
}
