/** By how much a sample may outgrow its size before it is trimmed. */
const SLACK = 1.25;

interface Kept {
  readonly text: string;
  readonly draw: number;
  readonly place: number;
}

/**
 * A sample of documents of bounded size, in one pass over however many there are: those of the lowest draws that fit
 * together. The draws decide, not the order, so the same documents make the same sample.
 */
export class TokenizerSample {
  readonly #maximum: number;
  /** Documents with this draw or a higher one are out. */
  #threshold = Infinity;
  #characters = 0;
  #places = 0;
  #kept: Kept[] = [];

  /** @param maximum the size of the sample, in UTF-16 code units; one document is kept whatever its size */
  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /** @param draw a number fixed by the document */
  add(text: string, draw: number): void {
    if (draw >= this.#threshold) return;
    this.#kept.push({ text, draw, place: this.#places++ });
    this.#characters += text.length;
    if (this.#characters > SLACK * this.#maximum) this.#trim();
  }

  /** The documents of the sample, in the order in which they came. */
  texts(): string[] {
    this.#trim();
    return this.#kept.sort((a, b) => a.place - b.place).map(({ text }) => text);
  }

  #trim(): void {
    this.#kept.sort((a, b) => a.draw - b.draw);
    let characters = 0;
    let count = 0;
    for (const { text } of this.#kept) {
      if (count > 0 && characters + text.length > this.#maximum) break;
      characters += text.length;
      count++;
    }
    this.#threshold = this.#kept[count]?.draw ?? this.#threshold;
    this.#kept.length = count;
    this.#characters = characters;
  }
}
