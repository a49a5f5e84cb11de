import { DataError } from "./data-error.ts";
import { DEFAULT_LIMIT } from "./documents/document-limit.ts";
import { jsonRecords, textField } from "./documents/json-documents.ts";
import { shorten } from "./source.ts";

/** A prompt with continuations to choose from. */
export interface Question {
  readonly prompt: string;
  /** At least two, none empty. */
  readonly choices: readonly string[];
  /** Which of them is right, counted from 0. */
  readonly answer: number;
  /** Where it was read, for messages. */
  readonly place: string;
}

/** Names that public sets give to one thing; a record has exactly one of each list. */
const PROMPT = ["question", "prompt", "context", "ctx", "goal"] as const; // `ctx` of HellaSwag, `goal` of PIQA
const CHOICES = ["choices", "endings", "sol1"] as const; // `endings` of HellaSwag, `sol1` and `sol2` of PIQA
const ANSWER = ["answer", "gold", "label", "answerKey"] as const; // `answerKey` of ARC

/**
 * Reads multiple-choice questions, a JSON object a line; names that end in `.gz` or `.zst` are decompressed.
 *
 *     {"question": "The sky is", "choices": ["blue", "made of cheese"], "answer": 0}
 *
 * The answer is a number from 0, or a label: of ARC's `{"text": […], "label": […]}`, or a letter from A.
 * @throws DataError that names the file and line, where there is no question or one makes no sense
 */
export async function readQuestions(file: string): Promise<Question[]> {
  const questions: Question[] = [];
  for await (const records of jsonRecords(file, DEFAULT_LIMIT.maximum)) {
    questions.push(...records.map(({ record, line }) => questionOf(record, `${file}, line ${line}`)));
  }
  if (questions.length === 0) throw new DataError(`${file} holds no question; one JSON object a line was expected.`);
  return questions;
}

function questionOf(record: object, place: string): Question {
  const { texts, labels } = choicesOf(record, place);
  return { prompt: textField(record, fieldOf(record, PROMPT, place), `${place},`), choices: texts, answer: answerOf(record, texts, labels, place), place };
}

interface Choices {
  readonly texts: readonly string[];
  readonly labels: readonly unknown[];
}

function choicesOf(record: object, place: string): Choices {
  const field = fieldOf(record, CHOICES, place);
  const choices = field === "sol1" ? { texts: [valueOf(record, "sol1"), valueOf(record, "sol2")], labels: letters(2) } : listed(valueOf(record, field));
  if (choices === undefined || choices.texts.some((text) => typeof text !== "string" || text === "")) {
    throw new DataError(`${place}: "${field}" is ${shown(valueOf(record, field))}; a list of choices was expected, each a text that is not empty.`);
  }
  const texts = choices.texts.map(String);
  if (texts.length < 2) throw new DataError(`${place}: there ${texts.length === 1 ? "is one choice" : "are no choices"}; a question has at least two.`);
  return { texts, labels: choices.labels };
}

/** Choices in a list, or in one beside their labels. */
function listed(value: unknown): { readonly texts: readonly unknown[]; readonly labels: readonly unknown[] } | undefined {
  if (isList(value)) return { texts: value, labels: letters(value.length) };
  if (typeof value !== "object" || value === null) return undefined;
  const [texts, labels] = [valueOf(value, "text"), valueOf(value, "label")];
  return isList(texts) && isList(labels) && texts.length === labels.length ? { texts, labels } : undefined;
}

function answerOf(record: object, choices: readonly string[], labels: readonly unknown[], place: string): number {
  const field = fieldOf(record, ANSWER, place);
  const value = valueOf(record, field);
  const labelled = labels.indexOf(value);
  const answer = labelled >= 0 ? labelled : typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof answer === "number" && Number.isInteger(answer) && answer >= 0 && answer < choices.length) return answer;
  throw new DataError(`${place}: "${field}" is ${shown(value)}, which names none of the ${choices.length} choices; `
    + `give a number from 0 to ${choices.length - 1}, or a label: ${labels.map(String).join(", ")}.`);
}

/** The one of these fields that a record has. */
function fieldOf<Name extends string>(record: object, names: readonly Name[], place: string): Name {
  const [first, second] = names.filter((name) => Object.hasOwn(record, name));
  if (first !== undefined && second === undefined) return first;
  const found = first === undefined ? `none of the fields ${names.join(", ")}` : `both "${first}" and "${second}"`;
  throw new DataError(`${place} has ${found}; a question has exactly one of ${names.join(", ")}.`);
}

function valueOf(record: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(record, name)?.value;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function letters(count: number): string[] {
  return Array.from({ length: Math.min(count, 26) }, (_, at) => String.fromCharCode(65 + at));
}

function shown(value: unknown): string {
  return shorten(JSON.stringify(value) ?? "missing");
}
