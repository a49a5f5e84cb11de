import type { Hypothesis } from "../../decode/generation.ts";
import { replaceUnknown } from "../../decode/replace-unknown.ts";
import type { VocabularyTokenizer } from "../../text/vocabulary-tokenizer.ts";

/** An output of a model as text. */
export interface Translation {
  readonly text: string;
  /** As the vocabulary spells them; replaced ones as the source (or the dictionary) spells them. */
  readonly tokens: readonly string[];
  /** Natural log-probability given the source, that of the end token included. */
  readonly logProbability: number;
  /** What translations are ranked by: the log-probability, normalised where that was asked for. */
  readonly score: number;
  /** Whether the model ended it; otherwise it was cut off at the maximum length. */
  readonly finished: boolean;
  /** For each token, the weight of each source token in the order of the text, and of the end token last. */
  readonly alignment?: readonly (readonly number[])[];
}

/** What a source without any token is translated to. */
export const EMPTY_TRANSLATION: Translation = { text: "", tokens: [], logProbability: 0, score: 0, finished: true };

/** Words of a text by token, [source]: also of those that the vocabulary lacks, where pieces and tokens are one to one. */
export function sourceWords(tokenizer: VocabularyTokenizer, text: string, ids: Int32Array): string[] {
  const pieces = tokenizer.pieces(text);
  const wordwise = pieces.length === ids.length;
  return Array.from(ids, (id, place) => (wordwise ? pieces[place] : undefined) ?? tokenizer.token(id));
}

/** A hypothesis' alignment with source positions in the order of the text: [tokens][source + 1]. */
export function orderedAlignment({ tokens, alignment }: Hypothesis, sourceLength: number, reversed: boolean): number[][] | undefined {
  return alignment?.slice(0, tokens.length).map((row) => {
    const weights = [...row.subarray(0, sourceLength + 1)];
    return reversed ? [...weights.slice(0, sourceLength).reverse(), ...weights.slice(sourceLength)] : weights;
  });
}

export interface TextOptions {
  readonly alignments: boolean;
  /** Words of the source, where unknown tokens are to be replaced. */
  readonly replacement: { readonly sourceWords: readonly string[]; readonly dictionary: ReadonlyMap<string, string> | undefined } | undefined;
}

/**
 * Spells a hypothesis out. `alignment` is in the order of the text.
 * @throws Error where unknown tokens are to be replaced and there is no alignment
 */
export function translationOf(
  hypothesis: Hypothesis, alignment: number[][] | undefined, tokenizer: VocabularyTokenizer, { alignments, replacement }: TextOptions,
): Translation {
  const { tokens: ids, logProbability, score, finished } = hypothesis;
  const spelled = Array.from(ids, (id) => tokenizer.token(id));
  const isUnknown = (place: number): boolean => ids[place] === tokenizer.unknownId;
  if (replacement !== undefined && alignment === undefined) {
    throw new Error("Unknown tokens are replaced through alignments, but the model has no attention; train one with model.attention, or leave replaceUnknown out.");
  }
  const tokens = replacement === undefined || alignment === undefined ? spelled
    : replaceUnknown(spelled, isUnknown, { alignment, ...replacement });
  const text = fillUnknown(tokenizer.decode(ids), tokenizer.token(tokenizer.unknownId), tokens.filter((_, place) => isUnknown(place)));
  return { text, tokens, logProbability, score, finished, ...(alignments && alignment !== undefined && { alignment }) };
}

/** Puts the replacements where the text has its unknown tokens. */
function fillUnknown(text: string, unknown: string, replacements: readonly string[]): string {
  const [first = "", ...rest] = text.split(unknown);
  return rest.reduce((filled, part, at) => `${filled}${replacements[at] ?? unknown}${part}`, first);
}
