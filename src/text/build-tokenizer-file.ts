import { SPECIAL_TOKENS, UNKNOWN_ID } from "./special-tokens.ts";
import type { ModelSection } from "./tokenizer-file.ts";
import { BYTE_LEVEL, pipelineOf, type Pipeline } from "./tokenizer-pipeline.ts";
import type { TokenizerSpec } from "./tokenizer-spec.ts";

/** Puts a model between the steps of its kind. Token ids are places in `tokens`, the special tokens first. */
export function buildTokenizerFile(spec: TokenizerSpec, tokens: readonly string[], merges: [string, string][]): object {
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  return assemble(SPECIAL_TOKENS.map((token, id) => [token, id]), pipelineOf(spec), buildModel(spec, vocab, merges));
}

/** A byte-pair model as GPT-2 applies it, without normalisation; `end` is its only special token. */
export function buildBytePairFile(vocabulary: Record<string, number>, merges: [string, string][], end: string): object {
  const pipeline = { normalizer: null, pre_tokenizer: BYTE_LEVEL, decoder: BYTE_LEVEL };
  return assemble([[end, vocabulary[end] ?? 0]], pipeline, bytePairs(vocabulary, merges, null));
}

function assemble(special: readonly (readonly [string, number])[], pipeline: Pipeline, model: ModelSection): object {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: special.map(([content, id]) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    ...pipeline,
    post_processor: null,
    model,
  };
}

function buildModel(spec: TokenizerSpec, vocab: Record<string, number>, merges: [string, string][]): ModelSection {
  if (spec.kind === "word" || spec.kind === "symbol") return { type: "WordLevel", vocab, unk_token: "<unk>" };
  // Every byte has a token, so only single characters can be unknown.
  return bytePairs(vocab, merges, spec.kind === "character" ? SPECIAL_TOKENS[UNKNOWN_ID] : null);
}

function bytePairs(vocab: Record<string, number>, merges: [string, string][], unknown: "<unk>" | null): ModelSection {
  return {
    type: "BPE",
    dropout: null,
    unk_token: unknown,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab,
    merges,
  };
}
