import { DataError } from "../data-error.ts";
import { parseObject } from "../source.ts";
import { byteChunks, type OnRead } from "./byte-chunks.ts";
import { DocumentAssembler, type DocumentLimit } from "./document-limit.ts";
import { decodeUtf8 } from "./utf8-text.ts";

/** JSON may write a character as six ("\u0041"), and a record has other fields. */
const LINE_PER_CHARACTER = 6;
const OTHER_FIELDS = 1 << 20;

/** The documents of a file with one JSON object a line, some at a time; blank lines are skipped. */
export async function* jsonDocuments(file: string, field: string, limit: DocumentLimit, onRead?: OnRead): AsyncGenerator<string[]> {
  const assembler = new DocumentAssembler(limit, file);
  for await (const records of jsonRecords(file, limit.maximum, onRead)) {
    yield records.flatMap(({ record, line }) => {
      const text = textField(record, field, `${file}, line ${line},`);
      return [...assembler.add(text, `, line ${line},`), ...assembler.end()];
    });
  }
}

export interface JsonRecord {
  readonly record: object;
  /** Counted from 1. */
  readonly line: number;
}

/**
 * The objects of a file with one a line, some at a time; blank lines are skipped. `maximum`: characters of a record's
 * text.
 * @throws DataError that names file and line, where a line is no object or longer than such a record can be
 */
export async function* jsonRecords(file: string, maximum: number, onRead?: OnRead): AsyncGenerator<JsonRecord[]> {
  const longest = LINE_PER_CHARACTER * maximum + OTHER_FIELDS;
  let line = 0;
  const recordsOf = (text: string): JsonRecord[] => {
    line++;
    return text.trim() === "" ? [] : [{ record: parseObject(text, `${file}, line ${line}`), line }];
  };
  let unfinished = "";
  for await (const text of decodeUtf8(byteChunks(file, onRead), file)) {
    if (text.includes("\n")) {
      const lines = (unfinished + text).split("\n");
      unfinished = lines.pop() ?? "";
      yield lines.flatMap(recordsOf);
    } else {
      unfinished += text;
    }
    if (unfinished.length <= longest) continue;
    throw new DataError(
      `${file}, line ${line + 1}, is longer than the ${longest} characters that a record with a document of ` +
        `${maximum} may take. Raise the limit on documents, or break the record up.`,
    );
  }
  yield recordsOf(unfinished);
}

/** @throws DataError where the record has no such field, or it is not a string. */
export function textField(record: object, field: string, place: string): string {
  const value: unknown = Object.getOwnPropertyDescriptor(record, field)?.value;
  if (typeof value === "string") return value;
  const found =
    value === undefined
      ? `has no field "${field}"; its fields are ${Object.keys(record).map((key) => `"${key}"`).join(", ") || "none"}`
      : `has a field "${field}" that is ${value === null ? "null" : `of type ${typeof value}`}, not a string`;
  throw new DataError(`${place} ${found}. Name the field that holds the text.`);
}
