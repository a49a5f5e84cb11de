/** The words of one side by number, in the order in which they were first seen. */
export class WordIndex {
  readonly #ids = new Map<string, number>();
  readonly #words: string[] = [];

  constructor(words: Iterable<string> = []) {
    for (const word of words) this.add(word);
  }

  get size(): number {
    return this.#words.length;
  }

  word(id: number): string {
    return this.#words[id] ?? "";
  }

  /** The number of a word; undefined where it was never seen. */
  find(word: string): number | undefined {
    return this.#ids.get(word);
  }

  add(word: string): number {
    const known = this.#ids.get(word);
    if (known !== undefined) return known;
    this.#ids.set(word, this.#words.length);
    this.#words.push(word);
    return this.#words.length - 1;
  }
}
