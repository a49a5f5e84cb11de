import type { Tokenizer } from "../text/tokenizer.ts";
import { count } from "./format.ts";
import type { Io } from "./io.ts";

/** So many of the unknown parts are shown. */
const SHOWN = 5;

/** Tells, where a tokenizer reads parts of texts as its unknown token, which they are. */
export function noteUnknown(tokenizer: Tokenizer, texts: readonly string[], what: string, io: Io): void {
  const { unknownId, endId } = tokenizer;
  // Where the end is the only special token, nothing is unknown.
  const isUnknown = (id: number): boolean => id === unknownId && unknownId !== endId;
  const pieces = new Set<string>();
  let [times, total] = [0, 0];
  for (const text of texts) {
    const tokens = tokenizer.encode(text);
    const own = tokens.filter(isUnknown).length;
    [times, total] = [times + own, total + tokens.length];
    if (own > 0) for (const piece of smallestPieces(tokenizer, text)) pieces.add(piece);
  }
  if (times === 0) return;
  const lacking = [...pieces].filter((piece) => tokenizer.encode(piece).some(isUnknown));
  const shown = lacking.slice(0, SHOWN).map((piece) => JSON.stringify(piece)).join(", ");
  const more = lacking.length > SHOWN ? ` and ${count(lacking.length - SHOWN)} more` : "";
  io.err(`${count(times)} of ${count(total)} tokens of ${what} are read as ${tokenizer.token(unknownId)}, for the model's vocabulary lacks ${shown}${more}.\n`);
}

/** Words where words are tokens, characters where these are. */
function smallestPieces(tokenizer: Tokenizer, text: string): string[] {
  return [...new Set(tokenizer.pieces(text))].flatMap((piece) => (tokenizer.encode(piece).length > 1 ? [...new Set(piece)] : [piece]));
}
