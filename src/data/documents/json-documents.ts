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
  const longest = LINE_PER_CHARACTER * limit.maximum + OTHER_FIELDS;
  let number = 0;
  const documentsOf = (line: string): string[] => {
    number++;
    if (line.trim() === "") return [];
    const place = `, line ${number},`;
    const text = textField(parseObject(line, `${file}, line ${number}`), field, `${file}, line ${number},`);
    return [...assembler.add(text, place), ...assembler.end()];
  };
  let unfinished = "";
  for await (const text of decodeUtf8(byteChunks(file, onRead), file)) {
    if (text.includes("\n")) {
      const lines = (unfinished + text).split("\n");
      unfinished = lines.pop() ?? "";
      yield lines.flatMap(documentsOf);
    } else {
      unfinished += text;
    }
    if (unfinished.length <= longest) continue;
    throw new DataError(
      `${file}, line ${number + 1}, is longer than the ${longest} characters that a record with a document of ` +
        `${limit.maximum} may take. Raise the limit on documents, or break the record up.`,
    );
  }
  yield documentsOf(unfinished);
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
