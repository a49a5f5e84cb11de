import { z } from "zod";

const size = () => z.int().min(1);

const initializationSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("uniform").describe("Uniform in [-range, range] (Sutskever et al. 2014, section 3.4)."),
    range: z.number().gt(0).default(0.08).describe("Bound of the uniform distribution."),
  }),
  z.strictObject({
    kind: z.literal("glorot").describe("Uniform with variance 2 / (inputs + outputs) (Glorot and Bengio 2010)."),
  }),
]);

const seq2seqLstm = z
  .strictObject({
    kind: z.literal("seq2seq-lstm").describe("Deep LSTM encoder and decoder (Sutskever et al. 2014)."),
    layers: size().default(2).describe("Layers of the encoder and of the decoder."),
    encoderLayers: size().optional().describe("Layers of the encoder; absent: `layers`."),
    decoderLayers: size().optional().describe("Layers of the decoder; absent: `layers`."),
    hidden: size().default(512).describe("Units of each layer."),
    embedding: size().optional().describe("Size of the token embeddings; absent: `hidden`."),
    bidirectional: z.boolean().default(false).describe("Whether the encoder reads the source in both directions."),
    attention: z
      .enum(["none", "additive", "dot", "general"])
      .default("none")
      .describe("How the decoder looks back: additive as Bahdanau et al. 2015, dot and general as Luong et al. 2015."),
    inputFeeding: z
      .boolean()
      .default(false)
      .describe("Whether the attentional state enters the next step's input (Luong et al. 2015, section 3.3)."),
    reverseSource: z.boolean().default(false).describe("Whether the source is read backwards (Sutskever et al. 2014)."),
    dropout: z.number().min(0).lt(1).default(0).describe("Probability that a unit between layers is dropped."),
    residual: z.boolean().default(false).describe("Whether each layer's input is added to its output."),
    tiedEmbeddings: z
      .enum(["none", "target", "all"])
      .default("none")
      .describe(
        "Shared matrices: `target`: the output projection is the target embedding; `all`: and the source embedding, " +
          "which needs a joint vocabulary (Press and Wolf 2017).",
      ),
    bias: z.boolean().default(true).describe("Whether the LSTM layers and the output projection have biases."),
    forgetBias: z.number().default(1).describe("Initial bias of the forget gates (Jozefowicz et al. 2015)."),
    initialization: initializationSchema
      .prefault({ kind: "glorot" })
      .describe("Distribution that the weights are drawn from."),
  })
  .transform((model) => ({
    ...model,
    encoderLayers: model.encoderLayers ?? model.layers,
    decoderLayers: model.decoderLayers ?? model.layers,
    embedding: model.embedding ?? model.hidden,
  }));

const positionsSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("sinusoidal").describe("Waves (Vaswani et al. 2017, section 3.5).") }),
  z.strictObject({
    kind: z.literal("learned").describe("A learned vector a place."),
    maximum: size().default(512).describe("Places that have one of their own; later ones share the last."),
  }),
  z.strictObject({
    kind: z.literal("rotary").describe("Rotations of queries and keys (Su et al. 2021)."),
    base: z.number().gt(1).default(10_000).describe("θ of the slowest rotation."),
  }),
]);

const seq2seqTransformer = z
  .strictObject({
    kind: z.literal("seq2seq-transformer").describe("Transformer encoder and decoder (Vaswani et al. 2017)."),
    layers: size().default(4).describe("Layers of the encoder and of the decoder."),
    encoderLayers: size().optional().describe("Layers of the encoder; absent: `layers`."),
    decoderLayers: size().optional().describe("Layers of the decoder; absent: `layers`."),
    dimension: size().default(256).describe("Size of the vectors between layers."),
    heads: size().default(4).describe("Attention heads; they divide `dimension`."),
    feedForward: size().optional().describe("Units inside a feed-forward layer; absent: 4 · dimension."),
    activation: z.enum(["relu", "gelu", "gelu-tanh", "swiglu"]).default("relu").describe("Between the feed-forward layer's matrices."),
    normalization: z.enum(["pre", "post"]).default("pre").describe("Norms before each part (Xiong et al. 2020), or after it, as published."),
    positions: positionsSchema.prefault({ kind: "sinusoidal" }).describe("How places are told apart."),
    dropout: z.number().min(0).lt(1).default(0.1).describe("Probability that a unit is dropped."),
    tiedEmbeddings: z
      .enum(["none", "target", "all"])
      .default("none")
      .describe("Shared matrices, as for seq2seq-lstm (Press and Wolf 2017)."),
    bias: z.boolean().default(true).describe("Whether layers and norms have biases."),
  })
  .transform((model) => ({
    ...model,
    encoderLayers: model.encoderLayers ?? model.layers,
    decoderLayers: model.decoderLayers ?? model.layers,
    feedForward: model.feedForward ?? 4 * model.dimension,
  }));

/** The network's kind and sizes. */
export const modelSchema = z.discriminatedUnion("kind", [seq2seqLstm, seq2seqTransformer]).describe("The network.");

type AttentionInput =
  { attention?: "none"; inputFeeding?: false } | { attention: "additive" | "dot" | "general"; inputFeeding?: boolean };

export type ModelInput = (z.input<typeof seq2seqLstm> & AttentionInput) | z.input<typeof seq2seqTransformer>;
export type ModelConfig = z.output<typeof modelSchema>;

/** Whether a model is given its source from last to first. */
export function readsReversed(model: ModelConfig): boolean {
  return model.kind === "seq2seq-lstm" && model.reverseSource;
}
