import type { Tokenizer as Binding } from "tokenizers";

/** Cuts text into the pieces that a model turns into tokens, with a tokenizer's own normaliser and pre-tokenizer. */
export class TextPieces {
  readonly #normalizer: ReturnType<Binding["getNormalizer"]>;
  readonly #preTokenizer: ReturnType<Binding["getPreTokenizer"]>;

  constructor(binding: Binding) {
    this.#normalizer = binding.getNormalizer();
    this.#preTokenizer = binding.getPreTokenizer();
  }

  of(text: string): string[] {
    const normalized = this.#normalizer === null ? text : this.#normalizer.normalizeString(text);
    if (normalized === "") return [];
    if (this.#preTokenizer === null) return [normalized];
    return this.#preTokenizer.preTokenizeString(normalized).map(([piece]) => piece);
  }
}
