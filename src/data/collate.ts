/** Token ids of a pair, without start and end tokens. */
export interface Example {
  readonly source: Int32Array;
  readonly target: Int32Array;
}

/** An int32 array in row-major order. */
export interface IntegerArray {
  readonly data: Int32Array;
  readonly shape: readonly number[];
}

/** Examples as a model reads them; `time` is the longest of the batch, shorter rows are padded on the right. */
export interface PairBatch {
  /** `[batch, sourceTime]`: what the encoder reads, reversed or ended with `</s>` where the options ask for it. */
  readonly source: IntegerArray;
  /** `[batch]`: tokens of each source row, padding excluded. */
  readonly sourceLengths: IntegerArray;
  /** `[batch, targetTime]`: `<s> y1 … yn`. */
  readonly targetInput: IntegerArray;
  /** `[batch, targetTime]`: `y1 … yn </s>`. */
  readonly targetOutput: IntegerArray;
  /** `[batch]`: tokens of each target row, `n + 1`. */
  readonly targetLengths: IntegerArray;
  /** Tokens in `source`, padding excluded. */
  readonly sourceTokens: number;
  /** Tokens in `targetOutput`, padding excluded. */
  readonly targetTokens: number;
}

/** Ids of a vocabulary's special tokens. */
export interface Special {
  readonly pad: number;
  readonly start: number;
  readonly end: number;
}

export interface CollateOptions {
  /** Whether the encoder reads the source from last to first (Sutskever et al. 2014, §3.3). */
  readonly reverseSource: boolean;
  /** Whether each source ends with its end token; it comes last also when the source is reversed. */
  readonly sourceEnd: boolean;
  readonly special: { readonly source: Special; readonly target: Special };
}

/** Puts examples into one padded batch, in their order. @throws RangeError where there are none. */
export function collate(examples: readonly Example[], options: CollateOptions): PairBatch {
  if (examples.length === 0) throw new RangeError("A batch was asked for of no examples; give at least one.");
  const { source: sourceSpecial, target: targetSpecial } = options.special;
  const sources = examples.map(({ source }) => encoderInput(source, options));
  const targetLengths = Int32Array.from(examples, ({ target }) => target.length + 1);
  const sourceLengths = Int32Array.from(sources, (source) => source.length);
  return {
    source: padded(sources, sourceSpecial.pad),
    sourceLengths: vector(sourceLengths),
    targetInput: padded(
      examples.map(({ target }) => [targetSpecial.start, ...target]),
      targetSpecial.pad,
    ),
    targetOutput: padded(
      examples.map(({ target }) => [...target, targetSpecial.end]),
      targetSpecial.pad,
    ),
    targetLengths: vector(targetLengths),
    sourceTokens: sum(sourceLengths),
    targetTokens: sum(targetLengths),
  };
}

function encoderInput(source: Int32Array, options: CollateOptions): Int32Array {
  const ids = new Int32Array(source.length + (options.sourceEnd ? 1 : 0)).fill(options.special.source.end);
  ids.set(source);
  if (options.reverseSource) ids.subarray(0, source.length).reverse();
  return ids;
}

function padded(rows: readonly ArrayLike<number>[], pad: number): IntegerArray {
  const time = rows.reduce((longest, row) => Math.max(longest, row.length), 0);
  const data = new Int32Array(rows.length * time).fill(pad);
  rows.forEach((row, index) => data.set(row, index * time));
  return { data, shape: [rows.length, time] };
}

function vector(data: Int32Array): IntegerArray {
  return { data, shape: [data.length] };
}

function sum(values: Int32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
