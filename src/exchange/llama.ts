/** Llama in Hugging Face's form, and its kin Mistral and Qwen 2: RMSNorm, rotary positions, SwiGLU, grouped queries. */
import { z } from "zod";
import type { Gpt, GptOptions } from "../models/gpt.ts";
import { count, positive, specialIdsSchema } from "./config-fields.ts";
import { linear, norm, same, type Correspondence } from "./correspondence.ts";

const plainRotation = { error: "only plain rotary positions are supported, without scaling" };
const rotary = z.looseObject({
  rope_theta: positive().optional(),
  rope_type: z.literal("default", plainRotation).optional(),
  type: z.literal("default", plainRotation).optional(),
});

/** Defaults are those of LlamaConfig. */
export const llamaSchema = specialIdsSchema.extend({
  architectures: z.array(z.string()).nullish(),
  vocab_size: count().default(32_000),
  hidden_size: count().default(4096),
  intermediate_size: count().default(11_008),
  num_hidden_layers: count().default(32),
  num_attention_heads: count().default(32),
  num_key_value_heads: count().nullish(),
  head_dim: count().nullish(),
  hidden_act: z.literal("silu").default("silu"),
  max_position_embeddings: count().default(2048),
  rms_norm_eps: positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  rope_theta: positive().optional(),
  rope_scaling: rotary.nullish(),
  /** Where newer versions keep what the two fields above said. */
  rope_parameters: rotary.nullish(),
  sliding_window: count().nullish(),
  use_sliding_window: z.boolean().optional(),
}).refine(({ head_dim: size, hidden_size: dimension, num_attention_heads: heads }) => size == null || size * heads === dimension, {
  path: ["head_dim"], error: "only heads that share out hidden_size evenly are supported",
});

export type LlamaConfig = z.output<typeof llamaSchema>;

export function llamaOptions(config: LlamaConfig): GptOptions {
  const heads = config.num_attention_heads;
  // Within its window, attention by a sliding window is plain attention.
  const window = config.use_sliding_window === false ? undefined : config.sliding_window;
  return {
    vocabulary: config.vocab_size, context: Math.min(config.max_position_embeddings, window ?? Infinity), layers: config.num_hidden_layers,
    dimension: config.hidden_size, heads, keyValueHeads: config.num_key_value_heads ?? heads, feedForward: config.intermediate_size,
    activation: "swiglu", normalization: "rms", epsilon: config.rms_norm_eps,
    positions: "rotary", rotaryBase: config.rope_parameters?.rope_theta ?? config.rope_theta ?? 10_000,
    dropout: 0, bias: Object.values(llamaBiases(config)).includes(true), tiedEmbeddings: config.tie_word_embeddings,
  };
}

/** Which linear layers have biases. */
export interface LlamaBiases {
  readonly inward: boolean; // of queries, keys and values
  readonly outward: boolean; // of the attention's output
  readonly feedForward: boolean;
}

export function llamaBiases(config: LlamaConfig): LlamaBiases {
  const qwen = config.architectures?.[0]?.startsWith("Qwen2") === true;
  return { inward: qwen || config.attention_bias, outward: !qwen && config.attention_bias, feedForward: config.mlp_bias };
}

export function fitsLlama({ normalization, positions, activation }: GptOptions): boolean {
  return normalization === "rms" && positions === "rotary" && activation === "swiglu";
}

export function llamaConfig(options: GptOptions): Record<string, unknown> {
  return {
    architectures: ["LlamaForCausalLM"], model_type: "llama",
    vocab_size: options.vocabulary, hidden_size: options.dimension, intermediate_size: options.feedForward,
    num_hidden_layers: options.layers, num_attention_heads: options.heads, num_key_value_heads: options.keyValueHeads,
    head_dim: options.dimension / options.heads, hidden_act: "silu", max_position_embeddings: options.context,
    rms_norm_eps: options.epsilon, tie_word_embeddings: options.tiedEmbeddings,
    attention_bias: options.bias, mlp_bias: options.bias, attention_dropout: options.dropout,
    rope_theta: options.rotaryBase, rope_scaling: null,
  };
}

export function llamaTensors(model: Gpt, biases: LlamaBiases): Correspondence[] {
  const { tokenEmbedding, outputWeight } = model;
  return [
    same("model.embed_tokens.weight", tokenEmbedding.weight),
    ...model.blocks.flatMap(({ attentionNorm, attention, feedForwardNorm, feedForward }, layer) => {
      const block = `model.layers.${layer}`;
      const { gate } = feedForward;
      const inward = { transposed: true, bias: biases.inward };
      const inner = { transposed: true, bias: biases.feedForward };
      return [
        ...norm(`${block}.input_layernorm`, attentionNorm),
        ...linear(`${block}.self_attn.q_proj`, [attention.query], inward),
        ...linear(`${block}.self_attn.k_proj`, [attention.key], inward),
        ...linear(`${block}.self_attn.v_proj`, [attention.value], inward),
        ...linear(`${block}.self_attn.o_proj`, [attention.output], { transposed: true, bias: biases.outward }),
        ...norm(`${block}.post_attention_layernorm`, feedForwardNorm),
        ...(gate === undefined ? [] : linear(`${block}.mlp.gate_proj`, [gate], inner)),
        ...linear(`${block}.mlp.up_proj`, [feedForward.inner], inner),
        ...linear(`${block}.mlp.down_proj`, [feedForward.outer], inner),
      ];
    }),
    ...norm("model.norm", model.norm),
    ...(model.options.tiedEmbeddings ? [] : [same("lm_head.weight", outputWeight)]),
  ];
}

/** Frequencies that older versions stored, and an output layer that is the embedding. */
export const llamaIgnored = /rotary_emb\.inv_freq$|^lm_head\.weight$/;
