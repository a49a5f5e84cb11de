import type { Tokenizer } from "../text/tokenizer.ts";
import { count } from "./format.ts";
import type { Io } from "./io.ts";

/** So many of the unknown parts are shown. */
const SHOWN = 5;

/** Tells, where a tokenizer reads parts of a text as its unknown token, which they are. */
export function noteUnknown(tokenizer: Tokenizer, text: string, what: string, io: Io): void {
  const { unknownId, endId } = tokenizer;
  // Where the end is the only special token, nothing is unknown.
  const isUnknown = (id: number): boolean => id === unknownId && unknownId !== endId;
  const tokens = tokenizer.encode(text);
  const times = tokens.filter(isUnknown).length;
  if (times === 0) return;
  const unknown = [...new Set(tokenizer.pieces(text))].filter((piece) => tokenizer.encode(piece).some(isUnknown));
  const shown = unknown.slice(0, SHOWN).map((piece) => JSON.stringify(piece)).join(", ");
  const more = unknown.length > SHOWN ? ` and ${count(unknown.length - SHOWN)} more` : "";
  io.err(`${count(times)} of ${count(tokens.length)} tokens of ${what} are read as ${tokenizer.token(unknownId)}, for the model's vocabulary lacks ${shown}${more}.\n`);
}
