import { DataError } from "../data-error.ts";
import { DEFAULT_LIMIT, type DocumentLimit } from "../documents/document-limit.ts";
import { sourceBytes, type DocumentSource } from "../documents/document-source.ts";
import { Tokenizer, type TokenizerSpec } from "../../text/index.ts";
import { sha256, type ShardIndex } from "./shard-index.ts";

export interface ShardOptions {
  /** Where the shards go; made where it is not there. */
  readonly folder: string;
  readonly sources: readonly DocumentSource[];
  /** A tokenizer, or what to train one on the training documents as. */
  readonly tokenizer: Tokenizer | TokenizerSpec;
  /** How much text a tokenizer is trained on, in UTF-16 code units; 2²⁶ by default. */
  readonly tokenizerSample?: number | undefined;
  /** The share of documents to hold out, by a hash of each, or documents of their own; 0.01 by default. */
  readonly validation?: number | readonly DocumentSource[] | undefined;
  /** A shard ends with the document that brings it to so many tokens; 10⁸ by default. */
  readonly shardTokens?: number | undefined;
  readonly limit?: DocumentLimit | undefined;
}

/** Options with every default filled in, and how much there is to read. */
export interface ShardPlan extends Required<{ [Name in keyof ShardOptions]: Exclude<ShardOptions[Name], undefined> }> {
  /** What the shards depend on, to be compared with an earlier run's. */
  readonly choices: ShardIndex["plan"];
  /** Bytes of all sources on the disk. */
  readonly bytes: number;
}

/** @throws DataError where a source is missing, or a number makes no sense. */
export async function planShards(options: ShardOptions): Promise<ShardPlan> {
  const { folder, sources, tokenizer, tokenizerSample = 2 ** 26, validation = 0.01, shardTokens = 1e8, limit = DEFAULT_LIMIT } = options;
  if (sources.length === 0) throw new DataError("There is nothing to tokenize; give at least one source of documents.");
  if (typeof validation === "number" && !(validation >= 0 && validation < 1)) {
    throw new DataError(`The validation share is ${validation}; give a number from 0 to below 1, or documents of their own.`);
  }
  for (const [name, value] of Object.entries({ shardTokens, tokenizerSample })) {
    if (!Number.isInteger(value) || value < 1) throw new DataError(`${name} is ${value}; give a whole number of at least 1.`);
  }
  const input = await fingerprint(sources);
  const heldOut = typeof validation === "number" ? undefined : await fingerprint(validation);
  const choices = {
    input,
    validation: heldOut ?? validation,
    tokenizer: tokenizer instanceof Tokenizer ? sha256(tokenizer.toJson()) : { ...tokenizer, sample: tokenizerSample },
    documentLimit: limit,
    shardTokens,
  };
  return {
    folder, sources, tokenizer, tokenizerSample, validation, shardTokens, limit,
    choices: JSON.parse(JSON.stringify(choices)) as ShardIndex["plan"],
    bytes: input.bytes + (heldOut?.bytes ?? 0),
  };
}

/** Names and sizes of sources, in little room. */
async function fingerprint(sources: readonly DocumentSource[]): Promise<{ sources: number; bytes: number; sha256: string }> {
  const sizes: number[] = [];
  for (const source of sources) sizes.push(await sourceBytes(source));
  return {
    sources: sources.length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    sha256: sha256(JSON.stringify(sources.map((source, at) => [source, sizes[at]]))),
  };
}
