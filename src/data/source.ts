import { DataError, messageOf } from "./data-error.ts";
import { dictionaryPairs } from "./dictionary.ts";
import { readLines } from "./text-file.ts";

/** A sequence to read and the sequence to write for it. */
export interface Pair {
  readonly source: string;
  readonly target: string;
}

/** Where pairs come from. Files are UTF-8 text and may be gzipped (`.gz`). */
export type PairSource =
  /** Two files whose lines correspond. */
  | { kind: "parallel"; source: string; target: string }
  /** Columns separated by tabs, counted from 0; every line has as many as the first. There is no header line. */
  | { kind: "tsv"; file: string; sourceColumn: number; targetColumn: number }
  /** One JSON object a line, with both fields strings; blank lines are skipped. */
  | { kind: "jsonl"; file: string; sourceField: string; targetField: string }
  /**
   * Spelling to phonemes, from an npm package: "tomato" to "T AH M EY T OW". A word with several pronunciations gives
   * a pair for each. Without `stress`, the digits that mark it are removed.
   */
  | { kind: "dictionary"; package: "cmu-pronouncing-dictionary"; stress: boolean };

/**
 * Reads all pairs of a source, in its order.
 * @throws DataError that names the file and line, where a file is missing, empty or malformed.
 */
export async function readPairs(spec: PairSource): Promise<Pair[]> {
  switch (spec.kind) {
    case "parallel":
      return readParallel(spec.source, spec.target);
    case "tsv":
      return readTsv(spec.file, spec.sourceColumn, spec.targetColumn);
    case "jsonl":
      return readJsonLines(spec.file, spec.sourceField, spec.targetField);
    case "dictionary":
      return dictionaryPairs(spec.stress);
    default:
      throw new TypeError(`unknown kind of pair source: ${JSON.stringify(spec satisfies never)}`);
  }
}

async function readParallel(sourceFile: string, targetFile: string): Promise<Pair[]> {
  const [sources, targets] = await Promise.all([readLines(sourceFile), readLines(targetFile)]);
  if (sources.length !== targets.length) {
    throw new DataError(
      `${sourceFile} has ${sources.length} lines but ${targetFile} has ${targets.length}; line n of one must ` +
        `translate line n of the other. Align the files so that both have as many lines.`,
    );
  }
  return sources.map((source, line) => ({ source, target: targets[line] ?? "" }));
}

async function readTsv(file: string, sourceColumn: number, targetColumn: number): Promise<Pair[]> {
  for (const column of [sourceColumn, targetColumn]) {
    if (Number.isInteger(column) && column >= 0) continue;
    throw new DataError(`Column ${column} of ${file} was asked for; columns are whole numbers counted from 0.`);
  }
  let columns = 0;
  return (await readLines(file)).map((line, index) => {
    const cells = line.split("\t");
    if (index === 0) columns = cells.length;
    if (cells.length !== columns) {
      throw new DataError(
        `${file}, line ${index + 1}: ${count(cells.length, "column")}, but line 1 has ${columns}. ` +
          `Every line must have as many tab-separated columns; correct or remove this one.`,
      );
    }
    const source = cells[sourceColumn];
    const target = cells[targetColumn];
    if (source === undefined || target === undefined) {
      throw new DataError(
        `${file} has ${count(columns, "column")}, but column ${Math.max(sourceColumn, targetColumn)} (counted from 0) ` +
          `was asked for. Check sourceColumn and targetColumn, and that the file is separated by tabs.`,
      );
    }
    return { source, target };
  });
}

async function readJsonLines(file: string, sourceField: string, targetField: string): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (const [index, line] of (await readLines(file)).entries()) {
    if (line.trim() === "") continue;
    const place = `${file}, line ${index + 1}`;
    const record = parseObject(line, place);
    pairs.push({ source: stringField(record, sourceField, place), target: stringField(record, targetField, place) });
  }
  if (pairs.length === 0) throw new DataError(`${file} has only blank lines; one JSON object a line was expected.`);
  return pairs;
}

export function parseObject(line: string, place: string): object {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new DataError(`${place} is not JSON (${messageOf(error)}). Each line must be one whole JSON object.`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new DataError(`${place} is JSON but not an object: ${shorten(line)}. Each line must be one JSON object.`);
}

function stringField(record: object, field: string, place: string): string {
  const value: unknown = Object.getOwnPropertyDescriptor(record, field)?.value;
  if (typeof value === "string") return value;
  const found =
    value === undefined
      ? `has no field "${field}"; its fields are ${
          Object.keys(record)
            .map((key) => `"${key}"`)
            .join(", ") || "none"
        }`
      : `has a field "${field}" that is not a string: ${shorten(JSON.stringify(value))}`;
  throw new DataError(`${place} ${found}. Name the fields of text with sourceField and targetField.`);
}

/** The beginning of a long text. */
export function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
