import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { buildBytePairFile } from "./build-tokenizer-file.ts";
import { END_OF_TEXT } from "./special-tokens.ts";
import { TokenizerError } from "./tokenizer-error.ts";
import { messageOf, Vocabulary } from "./tokenizer-file.ts";

/** The names that the two files go by: OpenAI's for GPT-2, then Hugging Face's. */
const NAMES = [["encoder.json", "vocab.bpe"], ["vocab.json", "merges.txt"]] as const;

/**
 * A byte-pair model saved as two files, in the form of GPT-2: a JSON object from tokens to ids, and one merge a line
 * ("Ġ t") after a line that begins with "#version". `undefined` where the folder lacks them, or has a tokenizer.json.
 *
 * @throws TokenizerError where a file is damaged, or the vocabulary has no token that ends texts.
 */
export async function readBytePairFolder(folder: string): Promise<{ file: string; json: string } | undefined> {
  if (await exists(join(folder, "tokenizer.json"))) return undefined;
  for (const [vocabularyName, mergesName] of NAMES) {
    const [file, mergesFile] = [join(folder, vocabularyName), join(folder, mergesName)];
    if (!(await exists(file)) || !(await exists(mergesFile))) continue;
    const vocabulary = await readVocabulary(file);
    const merges = await readMerges(mergesFile);
    const end = END_OF_TEXT.find((token) => Object.hasOwn(vocabulary, token));
    if (end === undefined) throw new TokenizerError(`${file} has no token ${END_OF_TEXT.join(" or ")}; one must end texts.`);
    return { file, json: JSON.stringify(buildBytePairFile(vocabulary, merges, end)) };
  }
  return undefined;
}

async function readVocabulary(file: string): Promise<Record<string, number>> {
  try {
    return Vocabulary.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    throw new TokenizerError(`${file} is not a JSON object from tokens to ids (${messageOf(error)}); fetch it again.`);
  }
}

async function readMerges(file: string): Promise<[string, string][]> {
  const lines = (await readFile(file, "utf8")).split(/\r?\n/);
  return lines.flatMap((line, index): [string, string][] => {
    if (line === "" || (index === 0 && line.startsWith("#version"))) return [];
    const [left = "", right = "", ...more] = line.split(" ");
    if (left !== "" && right !== "" && more.length === 0) return [[left, right]];
    throw new TokenizerError(`${file}, line ${index + 1}, is ${JSON.stringify(line)}; two tokens with a blank between were expected.`);
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
