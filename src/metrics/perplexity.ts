/** Perplexity and bits per unit of text, from the likelihood that a model gave it. */

/** The likelihood of a text, and the units it can be spread over. */
export interface TextLikelihood {
  /** Total negative log-likelihood of the text in nats, end-of-sequence tokens included if the model predicts them. */
  readonly negativeLogLikelihood: number;
  /** Number of tokens predicted. */
  readonly tokens: number;
  readonly words?: number;
  /** Unicode characters. */
  readonly characters?: number;
  /** Bytes in UTF-8. */
  readonly bytes?: number;
}

/** What can be said of a text's likelihood; per word, character or byte where their number was given. */
export interface LikelihoodMeasures {
  readonly perplexityPerToken: number;
  /** Comparable between models whose tokens differ, unlike the perplexity per token. */
  readonly perplexityPerWord?: number;
  readonly bitsPerToken: number;
  readonly bitsPerCharacter?: number;
  readonly bitsPerByte?: number;
}

/**
 * `exp(negativeLogLikelihood / units)`: the number of equally likely choices that would be as hard to predict (Jelinek,
 * Mercer, Bahl and Baker 1977, "Perplexity: a measure of the difficulty of speech recognition tasks").
 *
 * @param negativeLogLikelihood total in nats
 * @param units the number of tokens or words the total is spread over
 * @throws RangeError if the likelihood is not a number or the number of units is not positive
 */
export function perplexity(negativeLogLikelihood: number, units: number): number {
  return Math.exp(natsPerUnit(negativeLogLikelihood, units));
}

/**
 * `negativeLogLikelihood / (units · ln 2)`: the length in bits of an ideal code, per unit.
 *
 * @param negativeLogLikelihood total in nats
 * @param units the number of tokens, characters or bytes the total is spread over
 * @throws RangeError if the likelihood is not a number or the number of units is not positive
 */
export function bitsPerUnit(negativeLogLikelihood: number, units: number): number {
  return natsPerUnit(negativeLogLikelihood, units) / Math.LN2;
}

/**
 * All measures that the given counts allow.
 *
 * @throws RangeError if the likelihood is not a number or a count is not positive
 */
export function likelihoodMeasures(text: TextLikelihood): LikelihoodMeasures {
  const { negativeLogLikelihood: total, tokens, words, characters, bytes } = text;
  return {
    perplexityPerToken: perplexity(total, tokens),
    ...(words === undefined ? {} : { perplexityPerWord: perplexity(total, words) }),
    bitsPerToken: bitsPerUnit(total, tokens),
    ...(characters === undefined ? {} : { bitsPerCharacter: bitsPerUnit(total, characters) }),
    ...(bytes === undefined ? {} : { bitsPerByte: bitsPerUnit(total, bytes) }),
  };
}

function natsPerUnit(negativeLogLikelihood: number, units: number): number {
  if (Number.isNaN(negativeLogLikelihood)) {
    throw new RangeError("The negative log-likelihood is NaN, but a number of nats was expected.");
  }
  if (!(units > 0)) {
    throw new RangeError(`The likelihood is spread over ${units} units, but a positive number was expected.`);
  }
  return negativeLogLikelihood / units;
}
