/** Canaries: lines that stand in a text as often as one knows, and whose secrets nothing else tells (Carlini et al. 2019). */
import { z } from "zod";
import { checkSeed, philox } from "../../metrics/counter-random.ts";
import { AuditError } from "../audit-error.ts";

export interface Canary {
  /** Before the secret; the canary's own, so that canaries do not teach each other's secrets. */
  readonly before: string;
  /** Digits. */
  readonly secret: string;
  readonly after: string;
  /** How often its line stands in the text. */
  readonly repeats: number;
}

const canarySchema = z.strictObject({ before: z.string().min(1), secret: z.string().regex(/^[0-9]+$/), after: z.string(), repeats: z.int().min(0) });
const recordSchema = z.strictObject({ seed: z.number(), canaries: z.array(canarySchema).min(1) });

/** What `insertCanaries` put where, as it is kept in a file. */
export type CanaryRecord = z.output<typeof recordSchema>;

export interface CanaryOptions {
  /** One line: `{word}` is a word of the canary's own, `#` a digit of the secret. */
  readonly format?: string | undefined;
  /** How often canaries are repeated: one canary, or `each`, for each entry; 0 for ones that are never inserted. */
  readonly repeat: readonly number[];
  readonly each?: number | undefined;
  readonly seed: number;
  /** Canaries stand in this share of the text, from its beginning; 0.9 by default, for a run holds the rest out. */
  readonly within?: number | undefined;
}

export const DEFAULT_FORMAT = "The secret number of {word} is ####.";

/** Exposure scores thousands of candidates of each. */
const MOST_CANARIES = 100_000;

const [CONSONANTS, VOWELS] = ["bdfgklmnprstvz", "aeiou"];

/**
 * Puts canaries as lines of their own between the lines of a text, at places drawn by the seed.
 *
 * @throws AuditError where the format has no secret or more than one line, or the text is too short for its canaries
 */
export function insertCanaries(text: string, { format = DEFAULT_FORMAT, repeat, each = 1, seed, within = 0.9 }: CanaryOptions): { text: string; record: CanaryRecord } {
  checkSeed(seed);
  if (repeat.length * each > MOST_CANARIES) throw new AuditError(`${repeat.length * each} canaries were asked for; ask for ${MOST_CANARIES} at most.`);
  const canaries = repeat.flatMap((repeats, at) => Array.from({ length: each }, (_, copy) => canaryOf(format, repeats, seed, at * each + copy)));
  const added = canaries.reduce((sum, canary) => sum + canary.repeats * lineOf(canary).length, 0);
  const last = Math.floor(within * (text.length + added) - added);
  if (last < 0) throw new AuditError(`The canaries take ${added} characters, more than fit into the first ${100 * within}% of ${text.length} characters of text; give a longer text or repeat them less.`);
  const lines = canaries.flatMap((canary) => Array<string>(canary.repeats).fill(lineOf(canary)));
  const starts = lineStarts(text, last);
  const inserted = new Map<number, string>();
  lines.forEach((line, at) => {
    const start = starts[philox(seed, at, 0x63616e61)[0] % starts.length] ?? 0;
    inserted.set(start, `${inserted.get(start) ?? ""}${line}`);
  });
  let [result, end] = ["", 0];
  for (const [start, canary] of [...inserted].sort(([a], [b]) => a - b)) {
    result += text.slice(end, start) + canary;
    end = start;
  }
  return { text: result + text.slice(end), record: { seed, canaries } };
}

/** Reads a record. @throws AuditError that names the file */
export function parseCanaryRecord(json: string, file: string): CanaryRecord {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new AuditError(`${file} is not JSON; give the record that \`decade audit canaries\` wrote.`);
  }
  const parsed = recordSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AuditError(`${file} is no record of canaries (${parsed.error.issues[0]?.path.join(".") ?? ""}: ${parsed.error.issues[0]?.message ?? ""}); give the one that \`decade audit canaries\` wrote.`);
}

/** How many secrets a canary might have had. */
export function candidateCount({ secret }: Canary): number {
  return 10 ** secret.length;
}

function canaryOf(format: string, repeats: number, seed: number, number: number): Canary {
  const parts = /^([^#\n]+)(#{1,15})([^#\n]*)$/.exec(format);
  if (parts === null) throw new AuditError(`The format "${format}" is no line with one secret; write its 1 to 15 digits as #, after some text, such as "${DEFAULT_FORMAT}".`);
  let draws = 0;
  const draw = (bound: number): number => philox(seed, (number << 8) | draws++, 0x776f7264)[0] % bound;
  const word = Array.from({ length: 3 }, () => `${CONSONANTS[draw(CONSONANTS.length)]}${VOWELS[draw(VOWELS.length)]}`).join("");
  const secret = Array.from(parts[2] ?? "", () => draw(10)).join("");
  const [before = "", after = ""] = [parts[1], parts[3]].map((part) => part?.replaceAll("{word}", word));
  return { before, secret, after, repeats };
}

function lineOf({ before, secret, after }: Canary): string {
  return `${before}${secret}${after}\n`;
}

/** Where lines begin, up to a place. */
function lineStarts(text: string, last: number): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0 && at < last; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
