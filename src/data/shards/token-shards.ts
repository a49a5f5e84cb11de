import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { Tokenizer } from "../../text/index.ts";
import { DataError } from "../data-error.ts";
import { checkShardFiles } from "./check-shards.ts";
import { readIndex, totals, type Shard, type ShardIndex, type Split } from "./shard-index.ts";
import { bytesOf, tokenArray } from "./token-array.ts";

/** A long row of tokens that any stretch of can be read from. */
export interface TokenSource {
  readonly tokens: number;
  /** Vocabulary size. */
  readonly vocabulary: number;
  /** The token that follows each document. */
  readonly endOfDocument: number;
  /** Reads `target.length` tokens from place `offset`. @throws RangeError where the row has none there. */
  read(offset: number, target: Int32Array): void;
}

/** So many files are open at once. */
const OPEN_FILES = 64;

/**
 * The tokens of one split of a folder that `writeShards` made, read from the disk as they are asked for.
 *
 *     const shards = await TokenShards.open("data/brown");
 *     shards.tokenizer.decode(shards.tokensAt(0, 100));
 */
export class TokenShards implements TokenSource {
  readonly folder: string;
  readonly split: Split;
  readonly tokenizer: Tokenizer;
  readonly vocabulary: number;
  readonly endOfDocument: number;
  /** End tokens included. */
  readonly tokens: number;
  readonly documents: number;
  /** UTF-8 bytes of the documents' text, for bits per byte. */
  readonly bytes: number;
  readonly #dtype: ShardIndex["dtype"];
  readonly #shards: readonly Shard[];
  /** Where each shard begins. */
  readonly #starts: readonly number[];
  /** Descriptors by shard, the one that was used last at the end. */
  readonly #open = new Map<number, number>();

  private constructor(folder: string, split: Split, index: ShardIndex, tokenizer: Tokenizer) {
    this.folder = folder;
    this.split = split;
    this.tokenizer = tokenizer;
    this.vocabulary = index.vocabulary;
    this.endOfDocument = index.endOfDocument;
    this.#dtype = index.dtype;
    this.#shards = index[split];
    ({ tokens: this.tokens, documents: this.documents, bytes: this.bytes } = totals(this.#shards));
    let start = 0;
    this.#starts = this.#shards.map(({ tokens }) => (start += tokens) - tokens);
  }

  /**
   * Opens a folder of shards; sizes of files are checked, their content by `verify`.
   * @throws DataError where the folder has no shards or unfinished ones, or a file is missing or truncated
   */
  static async open(folder: string, split: Split = "train"): Promise<TokenShards> {
    const index = await readIndex(folder);
    if (index === undefined) throw new DataError(`${folder} holds no token shards (no index.json); make them with decade tokenize --output ${folder}.`);
    if (!index.complete) throw new DataError(`The shards of ${folder} are unfinished; run the decade tokenize that makes them again, and it goes on.`);
    const tokenizer = await checkShardFiles(folder, index, [split]);
    if (index[split].length > 0) return new TokenShards(folder, split, index, tokenizer);
    throw new DataError(`${folder} has no ${split} documents; make the shards with another validation share.`);
  }

  /** Reads all shards. @throws DataError that names the first whose content is not what was written. */
  async verify(): Promise<void> {
    for (const { file, sha256 } of this.#shards) {
      const path = join(this.folder, file);
      const hash = createHash("sha256");
      for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) hash.update(chunk);
      const found = hash.digest("hex");
      if (found === sha256) continue;
      throw new DataError(`The shard ${path} is altered: its SHA-256 is ${found}, but ${sha256} was written. Copy it anew, or make the shards again.`);
    }
  }

  /** The tokens from `offset` on, counted from 0: int32 `[length]`. @throws RangeError where there are not so many. */
  tokensAt(offset: number, length: number): Int32Array<ArrayBuffer> {
    const tokens = new Int32Array(length);
    this.read(offset, tokens);
    return tokens;
  }

  read(offset: number, target: Int32Array): void {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + target.length > this.tokens) {
      throw new RangeError(`Tokens ${offset} to ${offset + target.length} were asked for, but the ${this.split} shards of ${this.folder} have ${this.tokens}.`);
    }
    let shard = this.#shardOf(offset);
    for (let done = 0; done < target.length; shard++) {
      const place = offset + done - (this.#starts[shard] ?? 0);
      const count = Math.min(target.length - done, (this.#shards[shard]?.tokens ?? 0) - place);
      this.#readShard(shard, place, target.subarray(done, done + count));
      done += count;
    }
  }

  /** Closes the files; reading opens them again. */
  close(): void {
    for (const descriptor of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
  }

  #shardOf(offset: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #readShard(shard: number, place: number, target: Int32Array): void {
    const tokens = tokenArray(this.#dtype, target.length);
    const bytes = bytesOf(tokens);
    const descriptor = this.#descriptor(shard);
    for (let done = 0; done < bytes.length;) {
      const read = readSync(descriptor, bytes, done, bytes.length - done, place * tokens.BYTES_PER_ELEMENT + done);
      if (read === 0) throw new DataError(`The shard ${this.#path(shard)} became shorter while it was read.`);
      done += read;
    }
    target.set(tokens);
  }

  #descriptor(shard: number): number {
    const found = this.#open.get(shard);
    if (found !== undefined) {
      this.#open.delete(shard);
      this.#open.set(shard, found);
      return found;
    }
    for (const [oldest, descriptor] of this.#open) {
      if (this.#open.size < OPEN_FILES) break;
      closeSync(descriptor);
      this.#open.delete(oldest);
    }
    const descriptor = openSync(this.#path(shard), "r");
    this.#open.set(shard, descriptor);
    return descriptor;
  }

  #path(shard: number): string {
    return join(this.folder, this.#shards[shard]?.file ?? "");
  }
}

/** Tokens that are in memory. */
export function tokensInMemory(tokens: Int32Array, vocabulary: number, endOfDocument: number): TokenSource {
  return {
    tokens: tokens.length,
    vocabulary,
    endOfDocument,
    read: (offset, target) => {
      if (offset < 0 || offset + target.length > tokens.length) {
        throw new RangeError(`Tokens ${offset} to ${offset + target.length} were asked for, but there are ${tokens.length}.`);
      }
      target.set(tokens.subarray(offset, offset + target.length));
    },
  };
}
