/** A phrase-based translator's files in its run directory. */
import { access, readFile } from "node:fs/promises";
import { errorCode, writeFileAtomically } from "../../data/durable-files.ts";
import { readLines } from "../../data/text-file.ts";
import type { PhraseRunConfig } from "../../train/config/phrase.ts";
import { RunDirectory } from "../../train/run/run-directory.ts";
import { formatArpa, parseArpa } from "../language/arpa-file.ts";
import type { NgramModel } from "../language/ngram-model.ts";
import { PhraseError } from "../phrase-error.ts";
import { FEATURES, namedWeights, weightsOf, type Weights } from "../search/features.ts";
import { formatPhraseTable, parsePhraseTable } from "../table/phrase-table-file.ts";
import type { PhraseTable } from "../table/phrase-table.ts";
import { writeGzippedLines } from "./text-files.ts";

export interface OpenedPhraseRun {
  readonly directory: RunDirectory;
  readonly config: PhraseRunConfig;
  readonly table: PhraseTable;
  readonly language: NgramModel;
  readonly weights: Weights;
}

/** Opens a trained phrase-based translator. @throws PhraseError, DataError or RunDirectoryError where a file is missing or damaged */
export async function openPhraseRun(path: string): Promise<OpenedPhraseRun> {
  const directory = await RunDirectory.open(path);
  const config = await directory.readPhraseConfig();
  const weights = await readWeights(directory);
  return { directory, config, weights, table: await readTable(directory), language: await readLanguageModel(directory) };
}

export async function writeTable({ phraseTableFile }: RunDirectory, table: PhraseTable): Promise<void> {
  await writeGzippedLines(phraseTableFile, formatPhraseTable(table));
}

export async function readTable({ phraseTableFile }: RunDirectory): Promise<PhraseTable> {
  return parsePhraseTable(await readLines(phraseTableFile), phraseTableFile);
}

export async function writeLanguageModel({ languageModelFile }: RunDirectory, model: NgramModel): Promise<void> {
  await writeGzippedLines(languageModelFile, formatArpa(model));
}

export async function readLanguageModel({ languageModelFile }: RunDirectory): Promise<NgramModel> {
  return parseArpa(await readLines(languageModelFile), languageModelFile);
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}

/** @param bleu of the validation sentences under these weights, 0 to 100 */
export async function writeWeights({ weightsFile }: RunDirectory, weights: Weights, bleu: number): Promise<void> {
  await writeFileAtomically(weightsFile, `${JSON.stringify({ bleu, weights: namedWeights(weights) }, undefined, 2)}\n`);
}

export async function readWeights({ path, weightsFile }: RunDirectory): Promise<Weights> {
  const text = await readFile(weightsFile, "utf8").catch((error: unknown) => {
    if (errorCode(error) !== "ENOENT") throw error;
    throw new PhraseError(`${path} has no weights.json: its training has not come to its end; go on with decade train and --resume.`);
  });
  const named = parseWeights(text);
  if (named === undefined) throw new PhraseError(`${weightsFile} is damaged: expected {"weights": {…}} with a number for each of ${FEATURES.join(", ")}; tune again with decade train and --resume.`);
  return weightsOf(named);
}

function parseWeights(text: string): Record<(typeof FEATURES)[number], number> | undefined {
  try {
    const { weights } = JSON.parse(text) as { weights?: unknown };
    if (typeof weights !== "object" || weights === null) return undefined;
    const found = new Map<string, unknown>(Object.entries(weights));
    const values = FEATURES.map((name) => found.get(name));
    return values.every((value) => typeof value === "number" && Number.isFinite(value)) ? namedWeights(Float64Array.from(values, Number)) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}
