/**
 * Looks for stop texts in text that comes in pieces. What may be the beginning of a stop text is held back until it is
 * known; the stop text and what follows it are never given.
 */
export class StopText {
  readonly #stops: readonly string[];
  #held = "";
  #found = false;

  /** @throws RangeError for an empty stop text */
  constructor(stops: readonly string[]) {
    if (stops.includes("")) throw new RangeError("A stop text is empty; every text would end before it begins. Give one of at least one character.");
    this.#stops = stops;
  }

  /** Whether there are stop texts at all. */
  get any(): boolean {
    return this.#stops.length > 0;
  }

  /** Whether a stop text has come. */
  get found(): boolean {
    return this.#found;
  }

  /** The part of the text so far that may be given now and was not before. */
  push(text: string): string {
    if (this.#found) return "";
    const all = this.#held + text;
    const first = Math.min(...this.#stops.map((stop) => all.indexOf(stop)).filter((at) => at >= 0));
    this.#found = first < Infinity;
    const given = this.#found ? first : all.length - this.#possibleBeginning(all);
    this.#held = this.#found ? "" : all.slice(given);
    return all.slice(0, given);
  }

  /** What is held back, when no more text comes. */
  finish(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }

  /** Length of the longest end of the text that begins a stop text. */
  #possibleBeginning(text: string): number {
    return Math.max(0, ...this.#stops.map((stop) => {
      let length = Math.min(stop.length - 1, text.length);
      while (length > 0 && !text.endsWith(stop.slice(0, length))) length--;
      return length;
    }));
  }
}
