import type { Piece } from "./model-proto.ts";
import { cutAt, type Segmenter } from "./segmenter.ts";

/** How much less likely than the least likely piece an unknown character is, in nats. */
const UNKNOWN_PENALTY = 10;

/**
 * The likeliest way to cut a text into pieces that are drawn independently (Kudo 2018, arXiv 1804.10959, section 3.2), by
 * Viterbi's algorithm. Scores are added in float32, as SentencePiece adds them, so that equal ways are told apart as it
 * tells them apart: the one that was found first stays.
 */
export class UnigramSegmenter implements Segmenter {
  /** Log-probabilities of pieces; NaN of what only begins some. */
  readonly #scores = new Map<string, number>();
  readonly #unknown: number;

  constructor(pieces: readonly Piece[]) {
    const normal = pieces.filter(({ type }) => type === "normal").map(({ score }) => score);
    const [smallest, largest] = normal.reduce(([low, high], score) => [Math.min(low, score), Math.max(high, score)], [LARGEST, SMALLEST]);
    this.#unknown = Math.fround(smallest - UNKNOWN_PENALTY);
    for (const { text, score, type } of pieces) {
      if (type === "normal") this.#add(text, score);
      // Such a piece is preferred to whatever its characters could be otherwise.
      else if (type === "user-defined") this.#add(text, Math.fround(Buffer.byteLength(text) * largest) - 0.1);
    }
  }

  segment(text: string): string[] {
    const best = new Float32Array(text.length + 1);
    const from = new Int32Array(text.length + 1).fill(-1);
    const known = new Uint8Array(text.length + 1);
    const offer = (start: number, end: number, total: number, isPiece: boolean): void => {
      if ((from[end] ?? -1) >= 0 && !(total > (best[end] ?? 0))) return;
      best[end] = total;
      from[end] = start;
      known[end] = isPiece ? 1 : 0;
    };
    for (let start = 0; start < text.length;) {
      const here = best[start] ?? 0;
      const width = (text.codePointAt(start) ?? 0) < 0x1_0000 ? 1 : 2;
      let single = false;
      for (let end = start + 1; end <= text.length; end++) {
        const score = this.#scores.get(text.slice(start, end));
        if (score === undefined) break;
        if (Number.isNaN(score)) continue;
        offer(start, end, here + score, true);
        single ||= end === start + width;
      }
      if (!single) offer(start, start + width, Math.fround(here + this.#unknown), false);
      start += width;
    }
    const bounds = [text.length];
    for (let end = text.length; end > 0;) bounds.push((end = from[end] ?? 0));
    bounds.reverse();
    return cutAt(text, bounds, (part) => known[bounds[part + 1] ?? 0] === 1);
  }

  #add(text: string, score: number): void {
    for (let end = 1; end < text.length; end++) {
      const beginning = text.slice(0, end);
      if (!this.#scores.has(beginning)) this.#scores.set(beginning, NaN);
    }
    this.#scores.set(text, score);
  }
}

/** The largest float32, and the smallest above zero. */
const LARGEST = 3.4028234663852886e38;
const SMALLEST = 1.1754943508222875e-38;
