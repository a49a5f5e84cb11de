/** What a model's unknown tokens are replaced with. */
export interface UnknownReplacement {
  /** Weights over source positions for each token: [tokens][source]. */
  readonly alignment: readonly ArrayLike<number>[];
  /** The source's words by position; positions beyond them (the end token) are never copied. */
  readonly sourceWords: readonly string[];
  /** How source words read on the target side; a word that is not in it is copied as it is. */
  readonly dictionary?: ReadonlyMap<string, string> | undefined;
}

/**
 * Replaces each unknown token by the source word to which the model attended most when it wrote it, or by what the
 * dictionary gives for that word (Luong et al. 2015, "Addressing the Rare Word Problem in Neural Machine Translation";
 * by attention: Jean et al. 2015, "On Using Very Large Target Vocabulary for Neural Machine Translation").
 *
 * @param tokens the output's tokens as text
 * @param isUnknown whether the token at a place is the unknown token
 * @throws RangeError where the alignment has no row for a token
 */
export function replaceUnknown(
  tokens: readonly string[], isUnknown: (place: number) => boolean, { alignment, sourceWords, dictionary }: UnknownReplacement,
): string[] {
  return tokens.map((token, place) => {
    if (!isUnknown(place)) return token;
    const weights = alignment[place];
    if (weights === undefined) {
      throw new RangeError(`The alignment has rows for ${alignment.length} tokens, but token ${place + 1} is to be replaced.`);
    }
    const word = sourceWords[heaviest(weights, sourceWords.length)];
    return word === undefined ? token : dictionary?.get(word) ?? word;
  });
}

/** Place of the first largest of the first `count` weights. */
function heaviest(weights: ArrayLike<number>, count: number): number {
  let best = 0;
  for (let at = 1; at < count; at++) if ((weights[at] ?? 0) > (weights[best] ?? 0)) best = at;
  return best;
}
