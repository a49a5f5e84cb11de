import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import { ExchangeError } from "./exchange-error.ts";
import { openLlama2c } from "./llama2c.ts";
import { openLanguageModel } from "./open-language-model.ts";
import type { LanguageModelContents } from "./write-language-model.ts";

/**
 * Opens a folder with a language model of others: in the form of Hugging Face where it has a config.json, else of llama2.c.
 *
 * @throws ExchangeError where there is no such folder; as `openLanguageModel` and `openLlama2c` do
 */
export async function openModelFolder(folder: string): Promise<LanguageModelContents & { readonly beginning?: readonly number[] }> {
  const isFolder = await stat(folder).then((entry) => entry.isDirectory(), () => false);
  if (!isFolder) throw new ExchangeError(`There is no folder ${folder}; give a trained run, such as runs/<name>, or a folder with a model.`);
  const isHuggingFace = await access(join(folder, "config.json")).then(() => true, () => false);
  return isHuggingFace ? openLanguageModel(folder) : openLlama2c(folder);
}
