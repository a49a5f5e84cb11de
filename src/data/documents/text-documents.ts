import { byteChunks, type OnRead } from "./byte-chunks.ts";
import { DocumentAssembler, type DocumentLimit } from "./document-limit.ts";
import { decodeUtf8 } from "./utf8-text.ts";

/** What stands between the documents of a text file: lines that read so, or lines with nothing but white space. */
export type DocumentSeparator = { readonly line: string } | "blank lines";

/** A longer line separates nothing, whatever it holds; so much of a line is kept until its end is seen. */
const LONGEST_SEPARATOR = 1 << 16;

/** The documents of a UTF-8 text file, some at a time: the whole file, or what stands between its separators. */
export async function* textDocuments(
  file: string, separator: DocumentSeparator | undefined, limit: DocumentLimit, onRead?: OnRead,
): AsyncGenerator<string[]> {
  const texts = decodeUtf8(byteChunks(file, onRead), file);
  const assembler = new DocumentAssembler(limit, file);
  if (separator === undefined) {
    for await (const text of texts) yield assembler.add(text);
    yield assembler.end();
    return;
  }
  const splitter = new SeparatorSplitter(separator, assembler);
  for await (const text of texts) yield splitter.add(text);
  yield splitter.end();
}

class SeparatorSplitter {
  readonly #isSeparator: (line: string) => boolean;
  readonly #assembler: DocumentAssembler;
  /** The beginning of a line whose end has not arrived. */
  #line = "";
  /** Whether the line began in what the assembler has already. */
  #insideLine = false;

  constructor(separator: DocumentSeparator, assembler: DocumentAssembler) {
    this.#isSeparator = separator === "blank lines" ? (line) => line.trim() === "" : (line) => line.trimEnd() === separator.line;
    this.#assembler = assembler;
  }

  add(chunk: string): string[] {
    const documents: string[] = [];
    const text = this.#line + chunk;
    let content = 0; // where the lines begin that are not handed on yet
    let line = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", line)) {
      if (!this.#insideLine && end - line <= LONGEST_SEPARATOR && this.#isSeparator(text.slice(line, end))) {
        documents.push(...this.#assembler.add(text.slice(content, line)), ...this.#endDocument());
        content = end + 1;
      }
      this.#insideLine = false;
      line = end + 1;
    }
    this.#insideLine ||= text.length - line > LONGEST_SEPARATOR;
    const rest = this.#insideLine ? text.length : line;
    documents.push(...this.#assembler.add(text.slice(content, rest)));
    this.#line = text.slice(rest);
    return documents;
  }

  end(): string[] {
    const separates = !this.#insideLine && this.#isSeparator(this.#line);
    const documents = separates ? [] : this.#assembler.add(this.#line);
    return [...documents, ...this.#endDocument()];
  }

  /** The line end before a separator belongs to the separator. */
  #endDocument(): string[] {
    return this.#assembler.end().map((document) => document.replace(/\r?\n$/, ""));
  }
}
