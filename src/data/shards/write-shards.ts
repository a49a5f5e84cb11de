import { availableParallelism } from "node:os";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Tokenizer, type TokenizerSpec } from "../../text/index.ts";
import { DataError } from "../data-error.ts";
import { documentGroups } from "../documents/document-source.ts";
import { fullDiskCode, removeUnfinished, writeFileAtomically } from "../durable-files.ts";
import { makeFolders, removeEmptyFolders } from "../folders.ts";
import { Lock } from "../lock.ts";
import { dropReplaced, giveBackReplaced, recoverReplaced, setAside } from "../replaced.ts";
import { checkShardFiles } from "./check-shards.ts";
import { documentBatches, splitOf, streamsOf, type DocumentBatch, type DocumentStream } from "./document-batches.ts";
import { hashDocument } from "./document-hash.ts";
import type { EncodedDocuments } from "./encode-documents.ts";
import { startEncoder } from "./encoder.ts";
import { INDEX_FILE, readIndex, sha256, TOKENIZER_FILE, totals, writeIndex, type Shard, type ShardIndex, type Split } from "./shard-index.ts";
import { planShards, type ShardOptions, type ShardPlan } from "./shard-plan.ts";
import { ShardWriter } from "./shard-writer.ts";
import { tokenType } from "./token-array.ts";
import { TokenizerSample } from "./tokenizer-sample.ts";

export interface WriteOptions extends ShardOptions {
  /** Whether earlier shards are replaced. They stay until a new one is finished. */
  readonly overwrite?: boolean;
  /** Threads that encode; as many as the machine has by default. The shards are the same with any number. */
  readonly threads?: number;
  /** Stops between documents; finished shards are kept. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ShardProgress) => void;
}

export interface ShardProgress {
  /** The tokenizer is trained first, on a pass of its own. */
  readonly stage: "tokenizer" | "tokens";
  /** Bytes read from the disk in this stage, of `totalBytes`. */
  readonly bytes: number;
  readonly totalBytes: number;
  /** Written by this run. */
  readonly tokens: number;
}

/** UTF-16 code units that are encoded at once, at most but for one batch: long documents take much memory on their way. */
const CHARACTERS_UNDER_WAY = 1 << 23;
const LOCK_FILE = "shards.lock";
const SHARD_NAME = /^(?:(?:train|validation)-\d+\.tokens|\.(?:train|validation)-\d+\.tokens\.partial)$/;

/**
 * Tokenizes documents into shards (docs/data.md has the format). What an interrupted call with the same options left
 * is continued, and ends as the same bytes.
 *
 * @returns the index that was written, or that a complete earlier call left
 * @throws DataError where input is malformed, the folder holds shards of another making, or the disk is full. Where that is
 * before a shard was finished, the folder is as it was before.
 * @throws LockError where another process is writing to the folder
 */
export async function writeShards(options: WriteOptions): Promise<ShardIndex> {
  const plan = await planShards(options);
  try {
    if (options.overwrite !== true) {
      const earlier = await earlierIndex(plan);
      if (earlier?.complete === true) return earlier; // without the lock, for the folder may be one that nobody can write to
    }
    const made = await makeFolders(plan.folder);
    try {
      return await writeLocked(plan, options);
    } catch (error) {
      if (made !== undefined) await removeEmptyFolders(plan.folder, made);
      throw error;
    }
  } catch (error) {
    if (fullDiskCode(error) === undefined) throw error;
    throw new DataError(
      `The disk of ${plan.folder} is full. Finished shards are kept: make room and run the same command again to go on.`,
    );
  }
}

async function writeLocked(plan: ShardPlan, options: WriteOptions): Promise<ShardIndex> {
  const { folder } = plan;
  const lock = await Lock.acquire(join(folder, LOCK_FILE), `The folder ${folder}`);
  try {
    await removeUnfinished(folder, [INDEX_FILE, TOKENIZER_FILE]);
    await recoverReplaced(folder, () => hasShards(folder));
    if (options.overwrite === true) await setAside(folder, await shardFiles(folder));
    const earlier = await earlierIndex(plan); // anew: another process may have written until now
    if (earlier?.complete === true) return earlier;
    return await new ShardRun(plan, earlier ?? (await beginIndex(plan, options)), options).write();
  } catch (error) {
    await undoUnlessBegun(folder, options);
    throw error;
  } finally {
    lock.release();
  }
}

/** Leaves a folder as it was found where no shard was finished; a tokenizer that was trained is kept for after a stop. */
async function undoUnlessBegun(folder: string, { signal }: WriteOptions): Promise<void> {
  if (await hasShards(folder)) return;
  if (signal?.aborted !== true) for (const file of await shardFiles(folder)) await rm(file, { force: true });
  await giveBackReplaced(folder);
}

/** Whether a folder has an index with a shard in it. */
async function hasShards(folder: string): Promise<boolean> {
  const index = await readIndex(folder);
  return index !== undefined && !isBegunOnly(index);
}

function isBegunOnly({ complete, train, validation }: ShardIndex): boolean {
  return !complete && train.length + validation.length === 0;
}

/** What there is of shards in a folder; the index, by which they are known, last. */
async function shardFiles(folder: string): Promise<string[]> {
  const shards = (await readdir(folder)).filter((name) => SHARD_NAME.test(name));
  return [...shards, TOKENIZER_FILE, INDEX_FILE].map((name) => join(folder, name));
}

/** What an earlier call wrote. @throws DataError where there are shards of another making */
async function earlierIndex({ folder, choices }: ShardPlan): Promise<ShardIndex | undefined> {
  const index = await readIndex(folder);
  if (index === undefined) return undefined;
  const { plan: earlier } = index;
  const differing = Object.keys({ ...earlier, ...choices }).filter((name) => !isDeepStrictEqual(earlier[name], choices[name]));
  if (differing.length === 0) return index;
  if (isBegunOnly(index)) return undefined;
  throw new DataError(
    `${folder} holds shards that were made otherwise: ${differing.join(", ")} differ${differing.length === 1 ? "s" : ""}. ` +
      `Give another folder, or --overwrite to replace them.`,
  );
}

async function beginIndex(plan: ShardPlan, options: WriteOptions): Promise<ShardIndex> {
  const tokenizer = plan.tokenizer instanceof Tokenizer ? plan.tokenizer : await trainTokenizer(plan.tokenizer, plan, options);
  await writeFileAtomically(join(plan.folder, TOKENIZER_FILE), tokenizer.toJson());
  const index: ShardIndex = {
    format: 1,
    complete: false,
    dtype: tokenType(tokenizer.size),
    vocabulary: tokenizer.size,
    endOfDocument: tokenizer.endId,
    tokenizer: sha256(tokenizer.toJson()),
    plan: plan.choices,
    train: [],
    validation: [],
  };
  await writeIndex(plan.folder, index);
  return index;
}

/** Trains on training documents only. Characters are taken from all of them, so that none is unknown. */
async function trainTokenizer(spec: TokenizerSpec, plan: ShardPlan, { signal, onProgress }: WriteOptions): Promise<Tokenizer> {
  const sample = new TokenizerSample(plan.tokenizerSample);
  const characters = new Set<string>();
  const [stream] = streamsOf(plan.sources, plan.validation);
  let bytes = 0;
  const onRead = (count: number): void => void (bytes += count);
  for await (const documents of documentGroups(plan.sources, { limit: plan.limit, onRead })) {
    signal?.throwIfAborted();
    onProgress?.({ stage: "tokenizer", bytes, totalBytes: plan.bytes, tokens: 0 });
    for (const text of documents) {
      const { side, sample: draw } = hashDocument(text);
      if (stream === undefined || splitOf(side, stream) === "validation") continue;
      sample.add(text, draw);
      if (spec.kind === "character") for (const character of text) characters.add(character);
    }
  }
  const texts = sample.texts();
  if (texts.length === 0) throw new DataError("There is no training document to train a tokenizer on; give more documents, or hold out fewer.");
  return Tokenizer.train(spec, spec.kind === "character" ? [...texts, [...characters].join("")] : texts);
}

/** One call's work on a folder whose index is begun. */
class ShardRun {
  readonly #plan: ShardPlan;
  readonly #options: WriteOptions;
  #index: ShardIndex;
  readonly #writers: Readonly<Record<Split, ShardWriter>>;
  #bytes = 0;
  #tokens = 0;

  constructor(plan: ShardPlan, index: ShardIndex, options: WriteOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#index = index;
    const writer = (split: Split): ShardWriter => new ShardWriter(plan.folder, split, index.dtype, plan.shardTokens, index[split].length);
    this.#writers = { train: writer("train"), validation: writer("validation") };
  }

  async write(): Promise<ShardIndex> {
    const tokenizer = await checkShardFiles(this.#plan.folder, this.#index, ["train", "validation"]);
    const encoder = startEncoder(tokenizer, this.#options.threads ?? availableParallelism());
    try {
      for (const stream of streamsOf(this.#plan.sources, this.#plan.validation)) await this.#writeStream(stream, encoder);
      this.#checkDocuments();
      await this.#update({ complete: true });
      return this.#index;
    } finally {
      await encoder.close();
      await Promise.all([this.#writers.train.abandon(), this.#writers.validation.abandon()]);
    }
  }

  /** @throws DataError where nothing is left to train on */
  #checkDocuments(): void {
    if (totals(this.#index.train).documents > 0) return;
    throw new DataError("There is no training document: the input has nothing but white space, or all of it was held out; give more documents, or hold out fewer.");
  }

  async #writeStream(stream: DocumentStream, encoder: ReturnType<typeof startEncoder>): Promise<void> {
    const { signal } = this.#options;
    const finished = { train: this.#finished("train", stream), validation: this.#finished("validation", stream) };
    const underway: { readonly batch: DocumentBatch; readonly encoded: Promise<EncodedDocuments> }[] = [];
    let characters = 0;
    const writeOldest = async (): Promise<void> => {
      const oldest = underway.shift();
      if (oldest === undefined) return;
      await this.#writeBatch(oldest.batch, await oldest.encoded);
      characters -= oldest.batch.characters;
    };
    const onRead = (bytes: number): void => void (this.#bytes += bytes);
    // Nothing is read of documents that finished shards hold, and they may be the last.
    let through = Math.max(finished.train.through, finished.validation.through);
    for await (const batch of documentBatches(stream, finished, { limit: this.#plan.limit, onRead })) {
      signal?.throwIfAborted();
      const encoded = encoder.encode(batch.texts);
      encoded.catch(() => undefined); // it is awaited in its turn
      underway.push({ batch, encoded });
      through = Math.max(through, batch.entries.at(-1)?.through ?? 0);
      characters += batch.characters;
      while (underway.length >= encoder.capacity || characters > CHARACTERS_UNDER_WAY) await writeOldest();
    }
    while (underway.length > 0) await writeOldest();
    for (const split of splitsOf(stream)) await this.#keep(split, await this.#writers[split].end(through));
  }

  /** What earlier runs wrote of a stream; a split has one stream only. */
  #finished(split: Split, stream: DocumentStream): { through: number; documents: number; bytes: number } {
    if (!splitsOf(stream).includes(split)) return { through: 0, documents: 0, bytes: 0 };
    return { ...totals(this.#index[split]), through: this.#index[split].at(-1)?.through ?? 0 };
  }

  async #writeBatch({ entries }: DocumentBatch, { tokens, lengths }: EncodedDocuments): Promise<void> {
    let at = 0;
    for (const [document, { split, bytes, through }] of entries.entries()) {
      const end = at + (lengths[document] ?? 0);
      await this.#keep(split, await this.#writers[split].add(tokens.subarray(at, end), bytes, through));
      at = end;
    }
    this.#tokens += tokens.length;
    this.#options.onProgress?.({ stage: "tokens", bytes: this.#bytes, totalBytes: this.#plan.bytes, tokens: this.#tokens });
  }

  async #keep(split: Split, shard: Shard | undefined): Promise<void> {
    if (shard !== undefined) await this.#update({ [split]: [...this.#index[split], shard] });
  }

  async #update(changes: Partial<ShardIndex>): Promise<void> {
    this.#index = { ...this.#index, ...changes };
    await writeIndex(this.#plan.folder, this.#index);
    await dropReplaced(this.#plan.folder);
  }
}

function splitsOf({ validation }: DocumentStream): readonly Split[] {
  if (validation === 0) return ["train"];
  return validation === 1 ? ["validation"] : ["train", "validation"];
}
