import { DataError } from "../data-error.ts";

export interface DocumentLimit {
  /** The longest document, in UTF-16 code units; so much text is in memory at once. */
  readonly maximum: number;
  /** Whether a longer one is cut into several, at a line end or blank in their second half where there is one. */
  readonly longer: "split" | "refuse";
}

export const DEFAULT_LIMIT: DocumentLimit = { maximum: 1 << 22, longer: "split" };

/** Puts documents together from parts that arrive one after the other, and keeps them to a limit. */
export class DocumentAssembler {
  readonly #limit: DocumentLimit;
  readonly #file: string;
  #pending = "";

  /** @throws RangeError where the limit is not a whole number of at least 2. */
  constructor(limit: DocumentLimit, file: string) {
    if (!Number.isInteger(limit.maximum) || limit.maximum < 2) {
      throw new RangeError(`The longest document is ${limit.maximum} characters; give a whole number of at least 2.`);
    }
    this.#limit = limit;
    this.#file = file;
  }

  /** Goes on with the current document. Returns the parts of it that had to be cut off. @throws DataError where none may. */
  add(part: string, place = ""): string[] {
    this.#pending += part;
    const cut: string[] = [];
    const { maximum, longer } = this.#limit;
    while (this.#pending.length > maximum) {
      if (longer === "refuse") {
        throw new DataError(
          `${this.#file}${place} has a document of more than ${maximum} characters. Raise the limit on documents, ` +
            `or let longer ones be split.`,
        );
      }
      const end = cutPlace(this.#pending, maximum);
      cut.push(this.#pending.slice(0, end));
      this.#pending = this.#pending.slice(end);
    }
    return cut.filter(isWritten);
  }

  /** Ends the current document and returns it, unless nothing is written in it. */
  end(): string[] {
    const document = this.#pending;
    this.#pending = "";
    return [document].filter(isWritten);
  }
}

function cutPlace(text: string, maximum: number): number {
  for (const sign of ["\n", " "]) {
    const end = text.lastIndexOf(sign, maximum - 1) + 1;
    if (end > maximum / 2) return end;
  }
  const last = text.charCodeAt(maximum - 1);
  return last >= 0xd800 && last < 0xdc00 ? maximum - 1 : maximum;
}

/** Whether there is more than white space. */
function isWritten(document: string): boolean {
  return /\S/.test(document);
}
