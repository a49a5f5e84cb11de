import type { Tokenizer } from "../text/index.ts";
import type { Example } from "./collate.ts";
import type { Pair } from "./source.ts";

export interface EncodeOptions {
  /** Longest source that is kept, in tokens without start and end; no limit by default. */
  readonly maximumSourceLength?: number | undefined;
  /** Longest target that is kept, in tokens without start and end; no limit by default. */
  readonly maximumTargetLength?: number | undefined;
}

export interface EncodedPairs {
  /** The pairs that were kept, in order. */
  readonly examples: Example[];
  /** How many pairs were left out because a side was too long, or had no token. */
  readonly dropped: { readonly tooLong: number; readonly empty: number };
}

/** Encodes pairs into examples, and counts those it leaves out so that the caller can say so. */
export function encodePairs(
  pairs: readonly Pair[],
  sourceTokenizer: Tokenizer,
  targetTokenizer: Tokenizer,
  options: EncodeOptions = {},
): EncodedPairs {
  const { maximumSourceLength = Infinity, maximumTargetLength = Infinity } = options;
  const sources = sourceTokenizer.encodeBatch(pairs.map(({ source }) => source));
  const targets = targetTokenizer.encodeBatch(pairs.map(({ target }) => target));
  const examples: Example[] = [];
  const dropped = { tooLong: 0, empty: 0 };
  sources.forEach((source, index) => {
    const target = targets[index] ?? new Int32Array();
    if (source.length === 0 || target.length === 0) dropped.empty++;
    else if (source.length > maximumSourceLength || target.length > maximumTargetLength) dropped.tooLong++;
    else examples.push({ source, target });
  });
  return { examples, dropped };
}
