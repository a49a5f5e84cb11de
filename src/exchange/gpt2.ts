/** GPT-2 in Hugging Face's form: fused projections of queries, keys and values, all linear layers as [input, output]. */
import { z } from "zod";
import type { Gpt, GptOptions } from "../models/gpt.ts";
import { linear, norm, same, type Correspondence } from "./correspondence.ts";
import { count, positive, specialIdsSchema } from "./config-fields.ts";

/** Their names of activations, and ours. */
const ACTIVATIONS = { gelu_new: "gelu-tanh", gelu_pytorch_tanh: "gelu-tanh", gelu: "gelu", relu: "relu" } as const;

/** Defaults are those of GPT2Config. */
export const gpt2Schema = specialIdsSchema.extend({
  vocab_size: count().default(50_257),
  n_positions: count().default(1024),
  n_embd: count().default(768),
  n_layer: count().default(12),
  n_head: count().default(12),
  n_inner: count().nullish(),
  activation_function: z.enum(Object.keys(ACTIVATIONS) as (keyof typeof ACTIVATIONS)[]).default("gelu_new"),
  layer_norm_epsilon: positive().default(1e-5),
  tie_word_embeddings: z.boolean().default(true),
  // Variants of the attention that Decade does not have.
  scale_attn_weights: z.literal(true).default(true),
  scale_attn_by_inverse_layer_idx: z.literal(false).default(false),
  add_cross_attention: z.literal(false).default(false),
});

export type Gpt2Config = z.output<typeof gpt2Schema>;

export function gpt2Options(config: Gpt2Config): GptOptions {
  return {
    vocabulary: config.vocab_size, context: config.n_positions, layers: config.n_layer, dimension: config.n_embd,
    heads: config.n_head, keyValueHeads: config.n_head, feedForward: config.n_inner ?? 4 * config.n_embd,
    activation: ACTIVATIONS[config.activation_function], normalization: "layer", epsilon: config.layer_norm_epsilon,
    positions: "learned", rotaryBase: 10_000, dropout: 0, bias: true, tiedEmbeddings: config.tie_word_embeddings,
  };
}

/** Whether GPT-2 can hold a model; `bias: false` becomes biases of zero. */
export function fitsGpt2({ normalization, positions, activation, heads, keyValueHeads }: GptOptions): boolean {
  return normalization === "layer" && positions === "learned" && activation !== "swiglu" && heads === keyValueHeads;
}

export function gpt2Config(options: GptOptions): Record<string, unknown> {
  const activation = { "gelu-tanh": "gelu_new", gelu: "gelu", relu: "relu", swiglu: undefined }[options.activation];
  return {
    architectures: ["GPT2LMHeadModel"], model_type: "gpt2",
    vocab_size: options.vocabulary, n_positions: options.context, n_ctx: options.context, n_embd: options.dimension,
    n_layer: options.layers, n_head: options.heads, n_inner: options.feedForward, activation_function: activation,
    layer_norm_epsilon: options.epsilon, tie_word_embeddings: options.tiedEmbeddings,
    resid_pdrop: options.dropout, embd_pdrop: options.dropout, attn_pdrop: options.dropout,
  };
}

/** `prefix` is "transformer.", or "" in files that were saved without the output layer. */
export function gpt2Tensors(model: Gpt, prefix = "transformer."): Correspondence[] {
  const options = { transposed: false, bias: true };
  const { positionEmbedding, tokenEmbedding, outputWeight } = model;
  return [
    same(`${prefix}wte.weight`, tokenEmbedding.weight),
    ...(positionEmbedding === undefined ? [] : [same(`${prefix}wpe.weight`, positionEmbedding.weight)]),
    ...model.blocks.flatMap(({ attentionNorm, attention, feedForwardNorm, feedForward }, layer) => {
      const block = `${prefix}h.${layer}`;
      return [
        ...norm(`${block}.ln_1`, attentionNorm),
        ...linear(`${block}.attn.c_attn`, [attention.query, attention.key, attention.value], options),
        ...linear(`${block}.attn.c_proj`, [attention.output], options),
        ...norm(`${block}.ln_2`, feedForwardNorm),
        ...linear(`${block}.mlp.c_fc`, [feedForward.inner], options),
        ...linear(`${block}.mlp.c_proj`, [feedForward.outer], options),
      ];
    }),
    ...norm(`${prefix}ln_f`, model.norm),
    ...(model.options.tiedEmbeddings ? [] : [same("lm_head.weight", outputWeight)]),
  ];
}

/** Masks that older versions stored, and the output layer, which is the embedding. */
export const gpt2Ignored = /(^|\.)attn\.(bias|masked_bias)$|^lm_head\.weight$/;
