import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { DataError, messageOf } from "../data-error.ts";
import { errorCode, writeFileAtomically } from "../durable-files.ts";

export const INDEX_FILE = "index.json";
export const TOKENIZER_FILE = "tokenizer.json";

const Count = z.number().int().nonnegative();

const ShardSchema = z.strictObject({
  file: z.string().regex(/^[^/\\]+$/),
  tokens: Count,
  documents: Count,
  /** UTF-8 bytes of the documents' text. */
  bytes: Count,
  sha256: z.string(),
  /** How many documents of the input had been read when its last one was. */
  through: Count,
});

const IndexSchema = z.strictObject({
  format: z.literal(1),
  /** Whether all documents are in the shards. */
  complete: z.boolean(),
  dtype: z.enum(["uint16", "uint32"]),
  vocabulary: z.number().int().positive(),
  /** The token that follows each document. */
  endOfDocument: Count,
  /** SHA-256 of tokenizer.json. */
  tokenizer: z.string(),
  /** What the shards are made of and how, by name of the choice; only compared. */
  plan: z.record(z.string(), z.unknown()),
  train: z.array(ShardSchema),
  validation: z.array(ShardSchema),
});

/** A file of tokens, as the index of its folder describes it. */
export type Shard = z.infer<typeof ShardSchema>;
/** What `index.json` holds. */
export type ShardIndex = z.infer<typeof IndexSchema>;
export type Split = "train" | "validation";

/** `undefined` where the folder has no index. @throws DataError where it cannot be read. */
export async function readIndex(folder: string): Promise<ShardIndex | undefined> {
  const path = join(folder, INDEX_FILE);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
  try {
    return IndexSchema.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new DataError(`${path} is not an index of token shards (${why}). Make the shards again with decade tokenize --overwrite.`);
  }
}

export async function writeIndex(folder: string, index: ShardIndex): Promise<void> {
  await writeFileAtomically(join(folder, INDEX_FILE), `${JSON.stringify(index, undefined, 2)}\n`);
}

/** Sums over a split's shards. */
export function totals(shards: readonly Shard[]): { tokens: number; documents: number; bytes: number } {
  const sum = { tokens: 0, documents: 0, bytes: 0 };
  for (const { tokens, documents, bytes } of shards) {
    sum.tokens += tokens;
    sum.documents += documents;
    sum.bytes += bytes;
  }
  return sum;
}

export function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
