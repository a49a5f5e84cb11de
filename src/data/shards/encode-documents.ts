import type { Tokenizer } from "../../text/index.ts";
import { tokenArray, tokenType, type TokenArray } from "./token-array.ts";

/** Documents as tokens, one after the other. */
export interface EncodedDocuments {
  /** Each document's tokens and then its end token. */
  readonly tokens: TokenArray;
  /** `[documents]`: tokens of each, the end token included. */
  readonly lengths: Uint32Array<ArrayBuffer>;
}

export function encodeDocuments(tokenizer: Tokenizer, texts: readonly string[]): EncodedDocuments {
  const encoded = texts.map((text) => tokenizer.encode(text));
  const lengths = Uint32Array.from(encoded, ({ length }) => length + 1);
  const tokens = tokenArray(tokenType(tokenizer.size), lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const ids of encoded) {
    tokens.set(ids, at);
    at += ids.length;
    tokens[at++] = tokenizer.endId;
  }
  return { tokens, lengths };
}
