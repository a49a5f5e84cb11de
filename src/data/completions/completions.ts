import { DataError } from "../data-error.ts";
import { DEFAULT_LIMIT } from "../documents/document-limit.ts";
import { jsonRecords, textField } from "../documents/json-documents.ts";
import { hashDocument } from "../shards/document-hash.ts";

/** A text to go on from, and what is to be written after it. Either may be empty. */
export interface Completion {
  readonly prompt: string;
  readonly completion: string;
}

/** Which fields of a record hold the texts. */
export interface CompletionFields {
  readonly promptField: string;
  readonly completionField: string;
}

/**
 * Reads prompts with completions, a JSON object a line; names that end in `.gz` or `.zst` are decompressed. Fields that are
 * not named may hold anything.
 *
 *     {"prompt": "123+456=", "solution": "975"}
 *
 * @throws DataError that names file and line, where a file is missing or empty, a line is no object, or a field is missing or no
 * string
 */
export async function readCompletions(files: readonly string[], { promptField, completionField }: CompletionFields): Promise<Completion[]> {
  const examples: Completion[] = [];
  for (const file of files) {
    const before = examples.length;
    for await (const records of jsonRecords(file, DEFAULT_LIMIT.maximum)) {
      for (const { record, line } of records) {
        const place = `${file}, line ${line},`;
        examples.push({ prompt: textField(record, promptField, place), completion: textField(record, completionField, place) });
      }
    }
    if (examples.length === before) throw new DataError(`${file} holds no example; one JSON object a line was expected.`);
  }
  return examples;
}

export interface CompletionSplit {
  readonly train: readonly Completion[];
  readonly validation: readonly Completion[];
}

/**
 * Holds out the examples of a share of the prompts, at least of one prompt: those whose hashes are lowest, so that equal prompts
 * are on one side, wherever they stand. An example without a prompt goes by its completion.
 *
 * @throws DataError where all prompts are one
 */
export function holdOut(examples: readonly Completion[], share: number): CompletionSplit {
  const sides = new Map<string, number>();
  const keyOf = ({ prompt, completion }: Completion): string => (prompt === "" ? completion : prompt);
  for (const example of examples) {
    const key = keyOf(example);
    if (!sides.has(key)) sides.set(key, hashDocument(key).side);
  }
  if (sides.size < 2) throw new DataError(`All ${examples.length} examples have one prompt, so that none can be held out beside what is learned from; give examples with other prompts too.`);
  const held = Math.min(sides.size - 1, Math.max(1, Math.round(share * sides.size)));
  const edge = Float64Array.from(sides.values()).sort()[held] ?? 1;
  const isHeld = (example: Completion): boolean => (sides.get(keyOf(example)) ?? 1) < edge;
  return { train: examples.filter((example) => !isHeld(example)), validation: examples.filter(isHeld) };
}
