import { z } from "zod";

const seconds = z.number().nonnegative();
const bytes = z.number().nonnegative();

/** One indivisible part of a model, as a layer, with what one micro-batch costs in it. */
const costUnitSchema = z.strictObject({
  /** Path of the layer, or what it does. */
  name: z.string(),
  forward: seconds,
  /** Of the gradient by what the unit reads. */
  inputGradient: seconds,
  /** Of the gradient by its weights. */
  weightGradient: seconds,
  /** Of the optimiser, once a step. */
  update: seconds,
  /** Its weights. */
  parameterBytes: bytes,
  /** What the forward pass keeps for the backward pass. */
  activationBytes: bytes,
  /** What goes on to the next unit; as much comes back as gradient. */
  outputBytes: bytes,
  /** Whether it is the projection onto the vocabulary, with the loss, which can be cut into shards. */
  vocabulary: z.boolean().default(false),
  /** The part of a sequence's time before it has anything to do: of a projection of targets, the source's; 0 unless given. */
  begins: z.number().min(0).lt(1).optional(),
  /** Of a projection onto the vocabulary, the part of its time that a shard takes however small it is; 0 unless given. */
  undivided: z.number().min(0).max(1).optional(),
});

export const costProfileSchema = z.strictObject({
  /** What was measured, or whose figures are stated, with their source. */
  description: z.string(),
  device: z.strictObject({ name: z.string(), memoryBytes: bytes.nullable().default(null) }),
  /** Between two devices: bytes a second, and seconds before the first arrives. */
  link: z.strictObject({ bandwidth: z.number().positive(), latency: seconds }),
  /**
   * How much longer computation takes while all other devices compute too, as those do that share memory, caches and power:
   * 0.1 is a tenth longer; 0, as of devices that share nothing, unless given.
   */
  contention: z.number().nonnegative().optional(),
  microBatch: z.strictObject({ sequences: z.number().positive(), tokens: z.number().positive() }),
  /** In the order of the forward pass. */
  units: z.array(costUnitSchema).min(1),
  /** Whether batches can pass in pieces of time, as those of a recurrent model without attention: wavefronts are searched too. */
  recurrent: z.boolean().optional(),
  /** Numbers that the optimiser keeps beside each weight: 2 with Adam. */
  optimizerMoments: z.number().nonnegative().default(2),
});

export type CostUnit = z.infer<typeof costUnitSchema>;

/** What a model's parts take on one device, measured by `decade profile` or stated: all that planning goes by. */
export type CostProfile = z.infer<typeof costProfileSchema>;
