/** Token ids as they lie in a shard: little-endian, as every platform is that Node.js has engines for. */
export type TokenArray = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
export type TokenType = "uint16" | "uint32";

/** The narrower type that holds every id of a vocabulary. */
export function tokenType(vocabulary: number): TokenType {
  return vocabulary <= 2 ** 16 ? "uint16" : "uint32";
}

export function tokenBytes(type: TokenType): number {
  return type === "uint16" ? 2 : 4;
}

export function tokenArray(type: TokenType, length: number): TokenArray {
  return type === "uint16" ? new Uint16Array(length) : new Uint32Array(length);
}

export function bytesOf(tokens: TokenArray): Uint8Array {
  return new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength);
}
