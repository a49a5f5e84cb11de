/** Levenshtein distance between sequences of tokens. */
import { distance } from "fastest-levenshtein";

/**
 * A sequence of tokens: words or phonemes, token numbers (typed arrays included), or a string, whose tokens are its
 * Unicode characters.
 */
export type TokenSequence = string | ArrayLike<string | number>;

const codeUnits = 0x10000;

/**
 * The least number of insertions, deletions and substitutions of one token that turn one sequence into the other
 * (Levenshtein 1966).
 *
 * @example
 * editDistance("kitten", "sitting"); // 3
 * editDistance(["HH", "AH0", "L", "OW1"], ["HH", "EH0", "L", "OW1"]); // 1
 * @throws RangeError if the two sequences together hold more than 65536 different tokens
 */
export function editDistance(left: TokenSequence, right: TokenSequence): number {
  // Each different token becomes one UTF-16 code unit, so that a distance between strings is one between tokens.
  const numbers = new Map<string | number, number>();
  const encode = (sequence: TokenSequence): string => {
    let text = "";
    for (const token of Array.from<string | number>(sequence)) {
      let number = numbers.get(token);
      if (number === undefined) {
        number = numbers.size;
        numbers.set(token, number);
      }
      text += String.fromCharCode(number);
    }
    return text;
  };
  const encodedLeft = encode(left);
  const encodedRight = encode(right);
  if (numbers.size > codeUnits) {
    throw new RangeError(
      `The two sequences hold ${numbers.size} different tokens, but the edit distance handles at most ${codeUnits}. ` +
        `Compare them in parts.`,
    );
  }
  return distance(encodedLeft, encodedRight);
}
