import { addDims, type Dim } from "../graph/dimension.ts";
import type { Signature, StateUpdate } from "../graph/program.ts";
import { iota, type Tensor } from "../graph/tensor.ts";
import type { Module } from "../nn/module.ts";

/** Stretches of text as tensors; int32 throughout. */
export interface TextBatch {
  readonly tokens: Tensor; // [batch, time]
  /** The token after each. */
  readonly targets: Tensor; // [batch, time]
  /** 1 where the model is judged on the target, 0 where it only reads: [batch, time]. */
  readonly judged: Tensor;
  /** Number of the document that a place belongs to, from 0 in each row: [batch, time]. Places see their own document only. */
  readonly documents?: Tensor | undefined;
  /** Places since each one's document began, for models that learn a vector for each; by default since the row did: [batch, time]. */
  readonly positions?: Tensor | undefined;
  /**
   * For models that carry a state from batch to batch: under which name it is kept, and a scalar that is 1 where the
   * rows go on from the batch before, 0 where they begin anew. It needs a known number of rows.
   */
  readonly carry?: { readonly name: string; readonly continued: Tensor } | undefined;
}

export interface LanguageTrainingOptions {
  readonly labelSmoothing: number;
  /** Weight of log²Z, which keeps the logits' scale in place (Chowdhery et al. 2022, section 5). */
  readonly zLoss: number;
  /** int32 scalar that differs from step to step; `undefined` switches dropout off. */
  readonly seed: Tensor | undefined;
}

export interface LanguageLoss {
  /** Scalar: the sum over all judged places, nats. What training minimises, after division by a count. */
  readonly loss: Tensor;
  /** -log p(target) of each row's judged places, added up, without smoothing: [batch], nats. */
  readonly negativeLogLikelihoods: Tensor;
  /** What the model remembers for the next batch, where it carries a state. */
  readonly updates?: readonly StateUpdate[];
}

/** What a model remembers of the tokens it has read, by name; one row a sequence: [rows, ...]. */
export type Carried = Readonly<Record<string, Tensor>>;

/** How tokens are read after a memory that is not copied; int32 [rows] each. */
export interface Extension {
  /** Tokens that a row's memory holds; what it may hold beyond them is forgotten. */
  readonly lengths: Tensor;
  /** How many of a row's new tokens are meant, at least 1; those after them fill up. */
  readonly counts: Tensor;
  /** Whether logits are wanted after each new token, instead of after a row's last. */
  readonly each: boolean;
}

/** A model that continues text, as the trainer and the generator see it. */
export interface LanguageModel extends Module {
  readonly vocabulary: number;
  /** The most tokens it can look at; `undefined` where there is no bound. */
  readonly context: number | undefined;
  loss(batch: TextBatch, options: LanguageTrainingOptions): LanguageLoss;
  /** How many numbers the model makes of a token before it predicts. */
  readonly features: number;
  /**
   * What it makes of each token after those before it, just before the projection on the vocabulary: tokens int32
   * [batch, time] → [batch, time, features]. `seed` as in `LanguageTrainingOptions`.
   */
  hidden(tokens: Tensor, seed?: Tensor): Tensor;
  /** Memory of nothing. `padding` int32 [rows]: how many places before a row's first token are only there to fill the batch. */
  start(rows: Dim, padding: Tensor): Carried;
  /** Reads tokens int32 [rows, time] after those remembered: logits [rows, time, vocabulary] for what follows each. */
  read(tokens: Tensor, carried: Carried): { readonly logits: Tensor; readonly carried: Carried };
  /** Whether a smaller length takes tokens back from a memory that is not copied. */
  readonly rewinds: boolean;
  /**
   * Types of the arrays of a memory that is not copied from step to step: float32, one row a sequence. Those that grow
   * have room for `capacity` tokens, [rows, heads, capacity, size]. Zeros are the memory of nothing.
   */
  memoryTypes(rows: Dim, capacity: Dim): Signature;
  /**
   * Reads tokens int32 [rows, time] after such a memory: logits [rows, 1 or time, vocabulary] for what follows, and
   * the memory after them, by name. In arrays that grow, all `time` new tokens stand behind a row's first `lengths`
   * places, for which there must be room; such an array is read for nothing but its own next value, so that an engine may
   * write that over it. Several tokens at once are for rows that remember nothing, or for one row alone.
   */
  extend(tokens: Tensor, memory: Carried, extension: Extension): { readonly logits: Tensor; readonly memory: Carried };
}

/** Each row's vector after its last token that is meant: x [rows, time, features], counts int32 [rows] → [rows, 1, features]. */
export function lastOfEach(x: Tensor, counts: Tensor): Tensor {
  const [rows = 1, time = 1, features = 1] = x.shape;
  const places = iota([rows]).multiply(iota([addDims(time, 1)]).slice(0, time)).add(counts).subtract(1); // row · time + count − 1
  return x.reshape([-1, features]).take(places).expandDims(1);
}

/** A tensor of a memory. */
export function carriedTensor(carried: Carried, name: string): Tensor {
  const tensor = carried[name];
  if (tensor === undefined) throw new Error(`The model's memory lacks "${name}".`);
  return tensor;
}
