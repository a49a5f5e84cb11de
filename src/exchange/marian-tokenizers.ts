/**
 * Tokenizers of Marian's folders: `source.spm` and `target.spm`, models of SentencePiece, and `vocab.json`, ids of the
 * pieces of both; `target_vocab.json` beside it where the target has ids of its own.
 */
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { SentencePieceTokenizer } from "../text/sentencepiece/sentencepiece-tokenizer.ts";
import type { SpecialIds } from "../text/special-tokens.ts";
import { Vocabulary } from "../text/tokenizer-file.ts";
import { reasonOf } from "./checked-json.ts";
import { ExchangeError } from "./exchange-error.ts";
import { readJsonFile } from "./json-file.ts";

const SETTINGS = "tokenizer_config.json";

/** A token's name, or an object around it. */
function token(name: string) {
  return z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)]).default(name);
}

const settingsSchema = z.looseObject({
  separate_vocabs: z.boolean().default(false), eos_token: token("</s>"), unk_token: token("<unk>"), pad_token: token("<pad>"),
});
type Settings = z.output<typeof settingsSchema>;

export function isMarianFolder(folder: string): Promise<boolean> {
  return access(join(folder, "source.spm")).then(() => true, () => false);
}

/**
 * Reads both tokenizers.
 *
 * @param given the target's special tokens that config.json names
 * @throws ExchangeError where a file is missing or damaged, or a vocabulary lacks a special token
 * @throws TokenizerError where a model is damaged, or of a kind that Decade does not apply
 */
export async function readMarianTokenizers(
  folder: string, given: Partial<SpecialIds>,
): Promise<{ source: SentencePieceTokenizer; target: SentencePieceTokenizer }> {
  const settings = await readSettings(folder);
  const side = async (model: string, vocabularyFile: string, own: Partial<SpecialIds>): Promise<SentencePieceTokenizer> => {
    const origin = join(folder, model);
    const vocabulary = await readJsonFile(join(folder, vocabularyFile), Vocabulary, "which maps tokens to their ids");
    const special = specialOf(vocabulary, settings, own, join(folder, vocabularyFile));
    return new SentencePieceTokenizer({ model: await readModel(origin), origin, vocabulary, special });
  };
  return {
    source: await side("source.spm", "vocab.json", {}),
    target: await side("target.spm", settings.separate_vocabs ? "target_vocab.json" : "vocab.json", given),
  };
}

/** The same files, by name; the vocabularies are the ones that were read. */
export function marianTokenizerFiles(source: SentencePieceTokenizer, target: SentencePieceTokenizer): Record<string, string | Uint8Array> {
  const [own, theirs] = [source, target].map(({ vocabulary }) => JSON.stringify(vocabulary));
  const settings = {
    tokenizer_class: "MarianTokenizer", separate_vocabs: own !== theirs,
    eos_token: source.token(source.endId), unk_token: source.token(source.unknownId), pad_token: source.token(source.padId),
  };
  return {
    "source.spm": source.model, "target.spm": target.model, "vocab.json": own ?? "", ...(own !== theirs && { "target_vocab.json": theirs ?? "" }),
    [SETTINGS]: `${JSON.stringify(settings, undefined, 2)}\n`,
  };
}

async function readSettings(folder: string): Promise<Settings> {
  const path = join(folder, SETTINGS);
  return access(path).then(() => readJsonFile(path, settingsSchema, "how the tokenizers are set"), () => settingsSchema.parse({}));
}

function readModel(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => {
    throw new ExchangeError(`${path}, a SentencePiece model, cannot be read (${reasonOf(cause)}); download the whole folder.`, { cause });
  });
}

/** Special tokens go by their names, those that a decoder reads and writes by what config.json says of them. */
function specialOf(
  vocabulary: Readonly<Record<string, number>>, { eos_token: endToken, unk_token: unknownToken, pad_token: padToken }: Settings,
  given: Partial<SpecialIds>, path: string,
): SpecialIds {
  const [unknown, ownEnd] = [unknownToken, endToken].map((name) => {
    if (Object.hasOwn(vocabulary, name)) return vocabulary[name] ?? 0;
    throw new ExchangeError(`${path} lacks the token ${name}, which every vocabulary of Marian has; it is damaged or belongs to another model.`);
  });
  const end = given.end ?? ownEnd ?? 0;
  const pad = given.pad ?? (Object.hasOwn(vocabulary, padToken) ? vocabulary[padToken] : undefined) ?? end;
  const special = { pad, unknown: unknown ?? 0, start: given.start ?? pad, end };
  const outside = Object.values(special).find((id) => id >= Object.keys(vocabulary).length);
  if (outside === undefined) return special;
  throw new ExchangeError(`config.json beside ${path} names the special token ${outside}, but its ids are 0 to ${Object.keys(vocabulary).length - 1}; they belong to different models.`);
}
