import { createHash, type Hash } from "node:crypto";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "../durable-files.ts";
import type { Shard, Split } from "./shard-index.ts";
import { bytesOf, tokenArray, type TokenArray, type TokenType } from "./token-array.ts";

const BUFFER_TOKENS = 1 << 18;

interface OpenShard {
  readonly file: string;
  readonly handle: FileHandle;
  readonly hash: Hash;
  tokens: number;
  documents: number;
  bytes: number;
}

/**
 * Writes the shards of one split. A shard ends with the document that fills it, and has its name only when all of it
 * is on the disk.
 */
export class ShardWriter {
  readonly #folder: string;
  readonly #split: Split;
  readonly #shardTokens: number;
  readonly #buffer: TokenArray;
  #buffered = 0;
  #next: number;
  #open: OpenShard | undefined;

  /** `finished` shards of the split are there already. */
  constructor(folder: string, split: Split, type: TokenType, shardTokens: number, finished: number) {
    this.#folder = folder;
    this.#split = split;
    this.#shardTokens = shardTokens;
    this.#buffer = tokenArray(type, BUFFER_TOKENS);
    this.#next = finished;
  }

  /**
   * Appends a document, its end token included. Returns the shard where that was its last.
   * @param bytes UTF-8 bytes of its text
   * @param through how many documents of the input have been read with it
   */
  async add(tokens: TokenArray, bytes: number, through: number): Promise<Shard | undefined> {
    const shard = (this.#open ??= await this.#begin());
    for (let done = 0; done < tokens.length;) {
      const part = tokens.subarray(done, done + BUFFER_TOKENS - this.#buffered);
      this.#buffer.set(part, this.#buffered);
      this.#buffered += part.length;
      done += part.length;
      if (this.#buffered === BUFFER_TOKENS) await this.#flush(shard);
    }
    shard.tokens += tokens.length;
    shard.documents++;
    shard.bytes += bytes;
    return shard.tokens >= this.#shardTokens ? this.#finish(shard, through) : undefined;
  }

  /** Closes the last shard, if one is open. */
  async end(through: number): Promise<Shard | undefined> {
    return this.#open === undefined ? undefined : this.#finish(this.#open, through);
  }

  /** Gives up the shard that is open. */
  async abandon(): Promise<void> {
    const shard = this.#open;
    this.#open = undefined;
    if (shard === undefined) return;
    await shard.handle.close().catch(() => undefined);
    await rm(this.#partial(shard.file), { force: true });
  }

  async #begin(): Promise<OpenShard> {
    const file = `${this.#split}-${String(this.#next++).padStart(5, "0")}.tokens`;
    const handle = await open(this.#partial(file), "w");
    return { file, handle, hash: createHash("sha256"), tokens: 0, documents: 0, bytes: 0 };
  }

  async #flush(shard: OpenShard): Promise<void> {
    const bytes = bytesOf(this.#buffer).subarray(0, this.#buffered * this.#buffer.BYTES_PER_ELEMENT);
    this.#buffered = 0;
    shard.hash.update(bytes);
    await shard.handle.writeFile(bytes);
  }

  async #finish(shard: OpenShard, through: number): Promise<Shard> {
    await this.#flush(shard);
    await shard.handle.sync();
    await shard.handle.close();
    await rename(this.#partial(shard.file), join(this.#folder, shard.file));
    await syncFolder(this.#folder);
    this.#open = undefined;
    const { file, tokens, documents, bytes } = shard;
    return { file, tokens, documents, bytes, sha256: shard.hash.digest("hex"), through };
  }

  #partial(file: string): string {
    return join(this.#folder, `.${file}.partial`);
  }
}
