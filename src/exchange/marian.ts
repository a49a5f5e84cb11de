/**
 * Encoder-decoders in Hugging Face's form: Marian, whose layers end with their norms, and Pegasus, whose layers begin with
 * them. Both have positions as waves, scaled embeddings and a bias of the logits.
 */
import { z } from "zod";
import type { MultiHeadAttention } from "../nn/multi-head-attention.ts";
import type { Seq2SeqTransformer, Seq2SeqTransformerOptions } from "../models/seq2seq-transformer.ts";
import type { TransformerEncoderLayer } from "../models/transformer-layers.ts";
import { count, specialIdsSchema } from "./config-fields.ts";
import { linear, norm, same, type Correspondence } from "./correspondence.ts";
import { ExchangeError } from "./exchange-error.ts";

/** Their names of activations, and ours. */
const ACTIVATIONS = { swish: "silu", silu: "silu", relu: "relu", gelu: "gelu", gelu_new: "gelu-tanh" } as const;

/** Architectures, and where the norms of their layers stand. */
const NORMALIZATION = { MarianMTModel: "post", PegasusForConditionalGeneration: "pre" } as const;
type Seq2SeqName = keyof typeof NORMALIZATION;

/** Defaults are those of MarianConfig and PegasusConfig; sizes, of which the two have different ones, must be given. */
export const marianSchema = specialIdsSchema.extend({
  vocab_size: count(),
  decoder_vocab_size: count().nullish(),
  d_model: count(),
  encoder_layers: count(),
  decoder_layers: count(),
  encoder_attention_heads: count(),
  decoder_attention_heads: count(),
  encoder_ffn_dim: count(),
  decoder_ffn_dim: count(),
  activation_function: z.enum(Object.keys(ACTIVATIONS) as (keyof typeof ACTIVATIONS)[]).default("gelu"),
  scale_embedding: z.literal(true, { error: "only embeddings that are scaled by the root of d_model are supported" }),
  share_encoder_decoder_embeddings: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(true),
  decoder_start_token_id: z.int().min(0).nullish(),
}).refine((config) => config.encoder_attention_heads === config.decoder_attention_heads, {
  path: ["decoder_attention_heads"], error: "the encoder's and the decoder's must be equal",
}).refine((config) => config.encoder_ffn_dim === config.decoder_ffn_dim, {
  path: ["decoder_ffn_dim"], error: "the encoder's and the decoder's must be equal",
}).refine((config) => config.tie_word_embeddings || !config.share_encoder_decoder_embeddings, {
  path: ["tie_word_embeddings"], error: "where both sides share their embedding, so must the output layer",
});

export type MarianConfig = z.output<typeof marianSchema>;

export function isSeq2SeqName(name: string): name is Seq2SeqName {
  return Object.hasOwn(NORMALIZATION, name);
}

export const SEQ2SEQ_NAMES: readonly string[] = Object.keys(NORMALIZATION);

export function marianOptions(name: Seq2SeqName, config: MarianConfig): Seq2SeqTransformerOptions {
  const { share_encoder_decoder_embeddings: shared, tie_word_embeddings: tied } = config;
  return {
    sourceVocabulary: config.vocab_size, targetVocabulary: config.decoder_vocab_size ?? config.vocab_size,
    encoderLayers: config.encoder_layers, decoderLayers: config.decoder_layers, dimension: config.d_model,
    heads: config.encoder_attention_heads, feedForward: config.encoder_ffn_dim, activation: ACTIVATIONS[config.activation_function],
    normalization: NORMALIZATION[name], positions: { kind: "sinusoidal" }, dropout: 0,
    tiedEmbeddings: shared ? "all" : tied ? "target" : "none", bias: true,
  };
}

/** @throws ExchangeError where neither Marian nor Pegasus is like the model */
export function marianConfig(options: Seq2SeqTransformerOptions, { context }: { context: number }): Record<string, unknown> {
  const { positions, activation, normalization, tiedEmbeddings } = options;
  const names = { "gelu-tanh": "gelu_new", gelu: "gelu", relu: "relu", silu: "swish", swiglu: undefined } as const;
  const isPegasus = normalization === "pre";
  if (positions.kind !== "sinusoidal" || names[activation] === undefined || (isPegasus && tiedEmbeddings !== "all")) {
    throw new ExchangeError(`Hugging Face has no encoder-decoder like this one, with ${normalization}-norm, ${positions.kind} positions, the activation ${activation} and `
      + `tied embeddings "${tiedEmbeddings}"; it has Marian (post-norm, sinusoidal, no swiglu) and Pegasus (pre-norm, sinusoidal, no swiglu, tied "all").`);
  }
  return {
    architectures: [isPegasus ? "PegasusForConditionalGeneration" : "MarianMTModel"], model_type: isPegasus ? "pegasus" : "marian",
    is_encoder_decoder: true, vocab_size: options.sourceVocabulary, decoder_vocab_size: options.targetVocabulary,
    d_model: options.dimension, encoder_layers: options.encoderLayers, decoder_layers: options.decoderLayers,
    encoder_attention_heads: options.heads, decoder_attention_heads: options.heads,
    encoder_ffn_dim: options.feedForward, decoder_ffn_dim: options.feedForward, activation_function: names[activation],
    max_position_embeddings: context, scale_embedding: true, static_position_embeddings: true, dropout: options.dropout, attention_dropout: 0, activation_dropout: 0,
    share_encoder_decoder_embeddings: tiedEmbeddings === "all", tie_word_embeddings: tiedEmbeddings !== "none",
  };
}

export function marianTensors(model: Seq2SeqTransformer): Correspondence[] {
  const { sourceEmbedding, targetEmbedding, outputWeight, outputBias, encoderNorm, decoderNorm } = model;
  const shared = model.options.tiedEmbeddings === "all";
  return [
    ...(shared ? [same("model.shared.weight", targetEmbedding.weight)] : [
      same("model.encoder.embed_tokens.weight", sourceEmbedding.weight), same("model.decoder.embed_tokens.weight", targetEmbedding.weight),
    ]),
    ...model.encoder.flatMap((layer, index) => commonTensors(`model.encoder.layers.${index}`, layer)),
    ...(encoderNorm === undefined ? [] : norm("model.encoder.layer_norm", encoderNorm)),
    ...model.decoder.flatMap((layer, index) => [
      ...commonTensors(`model.decoder.layers.${index}`, layer),
      ...attentionTensors(`model.decoder.layers.${index}.encoder_attn`, layer.crossAttention),
      ...norm(`model.decoder.layers.${index}.encoder_attn_layer_norm`, layer.crossResidual.norm),
    ]),
    ...(decoderNorm === undefined ? [] : norm("model.decoder.layer_norm", decoderNorm)),
    ...(model.options.tiedEmbeddings === "none" ? [same("lm_head.weight", outputWeight)] : []),
    ...(outputBias === undefined ? [] : [{ tensor: "final_logits_bias", parameters: [outputBias], transposed: false, asRow: true }]),
  ];
}

/** What layers of the encoder and of the decoder have in common. */
function commonTensors(
  name: string, { selfAttention, selfResidual, feedForward, feedForwardResidual }: Pick<TransformerEncoderLayer, "selfAttention" | "selfResidual" | "feedForward" | "feedForwardResidual">,
): Correspondence[] {
  return [
    ...attentionTensors(`${name}.self_attn`, selfAttention),
    ...norm(`${name}.self_attn_layer_norm`, selfResidual.norm),
    ...linear(`${name}.fc1`, [feedForward.inner], LINEAR),
    ...linear(`${name}.fc2`, [feedForward.outer], LINEAR),
    ...norm(`${name}.final_layer_norm`, feedForwardResidual.norm),
  ];
}

function attentionTensors(name: string, { query, key, value, output }: MultiHeadAttention): Correspondence[] {
  return Object.entries({ q_proj: query, k_proj: key, v_proj: value, out_proj: output }).flatMap(([part, layer]) => linear(`${name}.${part}`, [layer], LINEAR));
}

const LINEAR = { transposed: true, bias: true };

/** Tables of waves, and names of an embedding that is stored elsewhere. */
export const marianIgnored = /embed_positions\.weight$|(^|\.)embed_tokens\.weight$|^lm_head\.weight$/;
