import { z } from "zod";

const size = () => z.int().min(1);
const dropout = () => z.number().min(0).lt(1).default(0).describe("Probability that a unit is dropped.");
const tied = (standard: boolean) =>
  z.boolean().default(standard).describe("Whether the output projection is the token embedding (Press and Wolf 2017).");

const gpt = z
  .strictObject({
    kind: z.literal("gpt").describe("Decoder-only Transformer (Radford et al. 2019; Touvron et al. 2023 by options)."),
    layers: size().default(4).describe("Blocks."),
    dimension: size().default(128).describe("Size of the vectors between blocks."),
    heads: size().default(4).describe("Attention heads; they divide `dimension`."),
    keyValueHeads: size().optional().describe("Heads of keys and values (Ainslie et al. 2023); absent: `heads`."),
    feedForward: size().optional().describe("Units inside a feed-forward layer; absent: 4 · dimension, of SwiGLU two thirds of it."),
    context: size().default(256).describe("The most tokens that it looks at."),
    activation: z.enum(["relu", "gelu", "gelu-tanh", "swiglu"]).default("gelu-tanh").describe("Between the feed-forward layer's matrices."),
    normalization: z.enum(["layer", "rms"]).default("layer").describe("LayerNorm, or RMSNorm (Zhang and Sennrich 2019)."),
    epsilon: z.number().gt(0).default(1e-5).describe("Added to the variance in the norms."),
    positions: z.enum(["learned", "rotary"]).default("learned").describe("How places are told apart."),
    rotaryBase: z.number().gt(1).default(10_000).describe("θ of the rotary positions (Su et al. 2021)."),
    dropout: dropout(),
    bias: z.boolean().default(true).describe("Whether layers and norms have biases."),
    tiedEmbeddings: tied(true),
  })
  .transform((model) => ({
    ...model,
    keyValueHeads: model.keyValueHeads ?? model.heads,
    feedForward: model.feedForward ?? (model.activation === "swiglu" ? Math.round((8 * model.dimension) / 3) : 4 * model.dimension),
  }));

const lstmLm = z
  .strictObject({
    kind: z.literal("lstm-lm").describe("Recurrent language model (Zaremba et al. 2014)."),
    layers: size().default(2).describe("Layers."),
    hidden: size().default(200).describe("Units of each layer."),
    embedding: size().optional().describe("Size of the token embeddings; absent: `hidden`."),
    dropout: dropout(),
    tiedEmbeddings: tied(false),
    forgetBias: z.number().default(0).describe("Initial bias of the forget gates."),
    range: z.number().gt(0).default(0.1).describe("Weights are drawn uniformly from (-range, range)."),
  })
  .transform((model) => ({ ...model, embedding: model.embedding ?? model.hidden }));

/** A language model's kind and sizes. */
export const languageModelSchema = z.discriminatedUnion("kind", [gpt, lstmLm]).describe("The network.");
export type LanguageModelConfig = z.output<typeof languageModelSchema>;
