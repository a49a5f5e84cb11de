import type { TextRange } from "./word-places.ts";

/** Characters that go on either side of an overlap; a piece of fewer is left out; a document in more pieces goes (Brown et al. 2020, appendix C). */
export const [WINDOW, SHORTEST_PIECE, MOST_PIECES] = [200, 200, 10];

export interface SplitDocument {
  /** What is left of it; nothing where it came to too many pieces. */
  readonly pieces: readonly string[];
  /** Pieces that were too short. */
  readonly short: number;
  /** Whether it came to too many pieces, the short ones counted. */
  readonly isDropped: boolean;
}

/** A document without overlaps and what is around them. `overlaps`: in order of their starts; they may touch. */
export function splitDocument(text: string, overlaps: readonly TextRange[]): SplitDocument {
  const parts: string[] = [];
  let end = 0;
  for (const overlap of overlaps) {
    const from = wholeCharacters(text, overlap.start - WINDOW, -1);
    if (from > end) parts.push(text.slice(end, from));
    end = Math.max(end, wholeCharacters(text, overlap.end + WINDOW, 1));
  }
  parts.push(text.slice(end));
  const written = parts.map((part) => part.trim()).filter((part) => part !== "");
  if (written.length > MOST_PIECES) return { pieces: [], short: 0, isDropped: true };
  const pieces = written.filter(({ length }) => length >= SHORTEST_PIECE);
  return { pieces, short: written.length - pieces.length, isDropped: false };
}

/** The place, moved on by one where it would cut a character in two. */
function wholeCharacters(text: string, place: number, direction: 1 | -1): number {
  const at = Math.max(0, Math.min(text.length, place));
  const before = text.charCodeAt(at - 1);
  return at > 0 && at < text.length && before >= 0xd800 && before < 0xdc00 ? at + direction : at;
}
