import { Tokenizer as Binding } from "tokenizers";
import { buildTokenizerFile } from "./build-tokenizer-file.ts";
import { SPECIAL_TOKENS } from "./special-tokens.ts";
import { TextPieces } from "./text-pieces.ts";
import { TokenizerError } from "./tokenizer-error.ts";
import type { TokenizerSpec } from "./tokenizer-spec.ts";

type CountedSpec = Exclude<TokenizerSpec, { kind: "bpe" }>;

/**
 * Counts words, characters or symbols and returns a tokenizer file whose vocabulary is the special tokens, then the
 * units by falling count (equal counts in code-unit order, so that the result does not depend on the order of texts).
 *
 * @throws TokenizerError where the texts hold nothing to count, or a limit is not a whole number of sensible size.
 */
export function trainVocabulary(spec: CountedSpec, texts: Iterable<string>): object {
  const { minimumCount, maximumVocabulary } = limitsOf(spec);
  const counts = countUnits(spec, texts);
  for (const token of SPECIAL_TOKENS) counts.delete(token);
  const units = [...counts]
    .filter(([, count]) => count >= minimumCount)
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .map(([unit]) => unit);
  if (units.length === 0) {
    const often = minimumCount === 1 ? "" : ` that occurs ${minimumCount} times or more`;
    throw new TokenizerError(`The texts hold no ${spec.kind}${often} to train a ${spec.kind} tokenizer on. Give texts that do.`);
  }
  return buildTokenizerFile(spec, [...SPECIAL_TOKENS, ...units].slice(0, maximumVocabulary), []);
}

function limitsOf(spec: CountedSpec): { minimumCount: number; maximumVocabulary: number } {
  if (spec.kind !== "word") return { minimumCount: 1, maximumVocabulary: Infinity };
  const { minimumCount, maximumVocabulary = Infinity } = spec;
  if (!Number.isInteger(minimumCount) || minimumCount < 1) {
    throw new TokenizerError(`minimumCount of a word tokenizer is ${minimumCount}; give a whole number of at least 1.`);
  }
  const smallest = SPECIAL_TOKENS.length + 1;
  if (maximumVocabulary !== Infinity && (!Number.isInteger(maximumVocabulary) || maximumVocabulary < smallest)) {
    throw new TokenizerError(
      `maximumVocabulary of a word tokenizer is ${maximumVocabulary}; give a whole number of at least ${smallest} ` +
        `(${SPECIAL_TOKENS.length} special tokens and a word), or leave it out for no limit.`,
    );
  }
  return { minimumCount, maximumVocabulary };
}

function countUnits(spec: CountedSpec, texts: Iterable<string>): Map<string, number> {
  // The steps around the model are needed to count; the model itself only when the counting is done.
  const binding = Binding.fromString(JSON.stringify(buildTokenizerFile(spec, SPECIAL_TOKENS, [])));
  const pieces = new TextPieces(binding);
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const piece of pieces.of(text)) {
      for (const unit of spec.kind === "character" ? piece : [piece]) counts.set(unit, (counts.get(unit) ?? 0) + 1);
    }
  }
  return counts;
}
