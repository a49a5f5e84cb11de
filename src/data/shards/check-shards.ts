import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Tokenizer } from "../../text/index.ts";
import { DataError } from "../data-error.ts";
import { sha256, TOKENIZER_FILE, type ShardIndex, type Split } from "./shard-index.ts";
import { tokenBytes } from "./token-array.ts";

/**
 * Checks that the files which an index names are there and of their sizes, and returns the tokenizer.
 * @throws DataError that names the file which is missing, truncated or another's.
 */
export async function checkShardFiles(folder: string, index: ShardIndex, splits: readonly Split[]): Promise<Tokenizer> {
  for (const { file, tokens } of splits.flatMap((split) => index[split])) {
    const path = join(folder, file);
    const found = await stat(path).catch(() => undefined);
    const expected = tokens * tokenBytes(index.dtype);
    if (found === undefined) throw new DataError(`The shard ${path} is missing. ${REMEDY}`);
    if (found.size === expected) continue;
    throw new DataError(
      `The shard ${path} is ${found.size < expected ? "truncated" : "too long"}: it has ${found.size} bytes, but its ` +
        `${tokens} tokens take ${expected}. ${REMEDY}`,
    );
  }
  const path = join(folder, TOKENIZER_FILE);
  const tokenizer = await Tokenizer.load(path, { end: index.endOfDocument });
  if (sha256(tokenizer.toJson()) === index.tokenizer) return tokenizer;
  throw new DataError(`${path} is not the tokenizer that the shards beside it were made with. ${REMEDY}`);
}

const REMEDY = "Copy the folder anew, or make the shards again with decade tokenize --overwrite.";
