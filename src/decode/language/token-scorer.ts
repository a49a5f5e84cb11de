import type { NumericArray } from "../../engines/engine.ts";

/** New tokens of each row of a memory. */
export interface NewTokens {
  /** int32 [rows · time], row by row. */
  readonly tokens: Int32Array;
  /** How many tokens of each row are meant; those after them fill up. By default all. */
  readonly counts?: Int32Array;
}

export interface LikeliestTokens {
  /** The largest log-probabilities in descending order, nats: [rows, count]. */
  readonly values: NumericArray;
  /** Whose they are: int32 [rows, count]. */
  readonly tokens: NumericArray;
}

export interface Distribution {
  /** Of all tokens, nats: [rows, vocabulary]. */
  readonly logProbabilities: NumericArray;
  /** What was subtracted from the logits, log Σ exp(logit): [rows]. */
  readonly normalizers: NumericArray;
}

/** What a model remembers of a batch of texts, one row each. */
export interface TokenMemory {
  readonly rows: number;
  /** Tokens that each row remembers: int32 [rows]. */
  readonly lengths: Int32Array;
  /**
   * The memory of these rows alone, in this order; a row may come more than once. This one is used up: where no row moves
   * but into the place of one that is left out, its arrays are the new one's.
   */
  keep(rows: readonly number[]): TokenMemory;
  /** Forgets what a row remembers beyond so many tokens. Only for models that rewind. */
  shorten(length: number): void;
}

/** Memories of texts that were read before, so that others that begin alike need not be read from the beginning. */
export interface RememberedPrefixes<Memory extends TokenMemory = TokenMemory> {
  /** How many of a text's first tokens are remembered; the last never counts, for it is read to know what follows. */
  count(tokens: ArrayLike<number>): number;
  /** Puts what is remembered of the first `count` tokens, as `count` gives it, into an empty row. */
  recall(tokens: ArrayLike<number>, count: number, memory: Memory, row: number): void;
  /** Keeps what a row remembers, which is of the text's first tokens. */
  retain(tokens: ArrayLike<number>, memory: Memory, row: number): void;
  /** The rows of memories of one capacity, one after the other. */
  join(memories: readonly Memory[]): Memory;
  /** Forgets everything. */
  clear(): void;
}

/**
 * A model that reads tokens and scores those that may follow, wherever it runs. What was read is added to the memory,
 * which must be one of the scorer's own. Several tokens at once are for rows that remember nothing, or for one row alone.
 */
export interface TokenScorer<Memory extends TokenMemory = TokenMemory> {
  readonly vocabulary: number;
  /** The most tokens it can look at; `undefined` where there is no bound. */
  readonly context: number | undefined;
  /** Whether a memory can be shortened. */
  readonly rewinds: boolean;
  /** What it remembers of earlier texts, where it does. */
  readonly prefixes?: RememberedPrefixes<Memory> | undefined;
  /** A memory of nothing, with room for `capacity` tokens in each row. */
  remember(rows: number, capacity: number): Memory;
  /** Reads tokens and gives the `count` likeliest next ones of each row (all, where the vocabulary has fewer). */
  best(memory: Memory, input: NewTokens, count: number): Promise<LikeliestTokens>;
  /** Reads tokens and scores all next ones. */
  distribution(memory: Memory, input: NewTokens): Promise<Distribution>;
  /** Reads tokens and gives log-probabilities after each of them, nats: [rows, time, vocabulary]. */
  distributions(memory: Memory, input: NewTokens): Promise<NumericArray>;
  /** Frees what the engine keeps. */
  dispose(): Promise<void>;
}
