import { access } from "node:fs/promises";
import { join } from "node:path";
import { makeFolders } from "../data/folders.ts";
import { ExchangeError } from "./exchange-error.ts";

/** What has a config.json or tokenizer.json of its own, which a model's would replace, by an entry that it is known by. */
const OTHERS: readonly (readonly [entry: string, what: string])[] = [["checkpoints", "a training run"], ["shards.lock", "token shards"], ["index.json", "token shards"]];

/**
 * Makes the folder that a model is written into. One that holds a model already may be written over.
 *
 * @throws ExchangeError where the folder holds a run or token shards, which would be lost
 * @throws DataError where it cannot be made
 */
export async function makeModelFolder(folder: string): Promise<void> {
  for (const [entry, what] of OTHERS) {
    const found = await access(join(folder, entry)).then(() => true, () => false);
    if (found) throw new ExchangeError(`${folder} holds ${what}, whose files the model's would replace; give another folder.`);
  }
  await makeFolders(folder);
}
