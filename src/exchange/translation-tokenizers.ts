/** The two tokenizers of a translator: of its sources and of its targets. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { SentencePieceTokenizer } from "../text/sentencepiece/sentencepiece-tokenizer.ts";
import type { SpecialIds } from "../text/special-tokens.ts";
import { Tokenizer } from "../text/tokenizer.ts";
import { ExchangeError } from "./exchange-error.ts";
import { isMarianFolder, marianTokenizerFiles, readMarianTokenizers } from "./marian-tokenizers.ts";

/** Of either form: tokenizer.json, or Marian's own. */
export type TranslationTokenizer = Tokenizer | SentencePieceTokenizer;

export interface TranslationTokenizers {
  readonly source: TranslationTokenizer;
  readonly target: TranslationTokenizer;
}

const SHARED = "tokenizer.json";
/** The target's, where it is not the source's: a name of Decade's own. */
const TARGET = "target-tokenizer.json";

/**
 * Reads the tokenizers of a folder: Marian's, or else tokenizer.json. `undefined` where there are none.
 *
 * @param given special tokens that config.json names
 * @param sizes of the model's vocabularies
 * @throws ExchangeError where they do not fit the model; as `readMarianTokenizers` and `Tokenizer.load` do
 */
export async function readTranslationTokenizers(
  folder: string, given: Partial<SpecialIds>, sizes: { readonly source: number; readonly target: number },
): Promise<TranslationTokenizers | undefined> {
  const found = await isMarianFolder(folder) ? await readMarianTokenizers(folder, given) : await readTokenizerFiles(folder, given);
  for (const side of ["source", "target"] as const) {
    if (found !== undefined && found[side].size !== sizes[side]) {
      throw new ExchangeError(`The ${side} tokenizer in ${folder} has ${found[side].size} tokens, but the model's vocabulary has ${sizes[side]}; they belong to different models.`);
    }
  }
  return found;
}

async function readTokenizerFiles(folder: string, given: Partial<SpecialIds>): Promise<TranslationTokenizers | undefined> {
  if (!(await exists(join(folder, SHARED)))) return undefined;
  const source = await Tokenizer.load(folder, given);
  const target = join(folder, TARGET);
  return { source, target: await exists(target) ? await Tokenizer.load(target, given) : source };
}

/**
 * The files of tokenizers, by name, tokenizer_config.json among them.
 *
 * @param context the most tokens of a text
 * @throws ExchangeError where the two are of different forms
 */
export function translationTokenizerFiles({ source, target }: TranslationTokenizers, context: number): Record<string, string | Uint8Array> {
  if (source instanceof SentencePieceTokenizer && target instanceof SentencePieceTokenizer) return marianTokenizerFiles(source, target);
  if (source instanceof SentencePieceTokenizer || target instanceof SentencePieceTokenizer) {
    throw new ExchangeError("One side has a SentencePiece tokenizer and the other a tokenizer.json; a folder holds two of one form.");
  }
  const settings = {
    tokenizer_class: "PreTrainedTokenizerFast", bos_token: source.token(source.startId), eos_token: source.token(source.endId),
    unk_token: source.token(source.unknownId), pad_token: source.token(source.padId), model_max_length: context, clean_up_tokenization_spaces: false,
  };
  return {
    [SHARED]: endedJson(source), ...(!source.hasVocabularyOf(target) && { [TARGET]: endedJson(target) }),
    "tokenizer_config.json": `${JSON.stringify(settings, undefined, 2)}\n`,
  };
}

/** The tokenizer's file, with an end token after each text, as the model reads and writes it. */
function endedJson(tokenizer: Tokenizer): string {
  const token = tokenizer.token(tokenizer.endId);
  const single = [{ Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: token, type_id: 0 } }];
  const second = [{ Sequence: { id: "B", type_id: 1 } }, { SpecialToken: { id: token, type_id: 1 } }];
  const file = JSON.parse(tokenizer.toJson()) as object;
  return JSON.stringify({
    ...file,
    post_processor: {
      type: "TemplateProcessing", single, pair: [...single, ...second],
      special_tokens: { [token]: { id: token, ids: [tokenizer.endId], tokens: [token] } },
    },
  });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
