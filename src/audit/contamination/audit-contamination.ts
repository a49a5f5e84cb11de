/** How much of a test set stands in a training set: word for word, in part, or nearly. */
import { availableParallelism } from "node:os";
import { realpath } from "node:fs/promises";
import { findSources } from "../../data/documents/find-sources.ts";
import type { DocumentSource } from "../../data/documents/document-source.ts";
import { AuditError } from "../audit-error.ts";
import type { Boundary } from "../words/word-scanner.ts";
import { compareScores, readScores, type ScoreComparison } from "./compare-scores.ts";
import { candidateProbability, chooseBands, type Banding } from "./min-hash.ts";
import { checkRemoval, removeOverlaps, type Removal } from "./removal/remove-overlaps.ts";
import { scanTask, scanTasks, type ScanTask } from "./scan-source.ts";
import { scanTraining } from "./scan-training.ts";
import { TestIndexBuilder, type TestIndex } from "./test-index.ts";
import { LONGEST_COMPARED, unpackPlace, type Findings } from "./training-matcher.ts";

export interface ContaminationOptions {
  /** Files or patterns; `.jsonl`, `.parquet`, otherwise text, also as `.gz` or `.zst`. */
  readonly train: readonly string[];
  readonly test: string;
  /** Words of an n-gram; "auto" is the rule of GPT-3's appendix C, from 8 to 13 by the test set. 13 by default. */
  readonly n?: number | "auto" | undefined;
  /** An n-gram in more training documents than this is a common phrase and ignored; 10 by default, as for GPT-3. */
  readonly common?: number | undefined;
  /** The least Jaccard similarity of near duplicates; 0.8 by default. */
  readonly similarity?: number | undefined;
  /** Words of a shingle; 5 by default. */
  readonly shingle?: number | undefined;
  /** 128 by default. */
  readonly permutations?: number | undefined;
  readonly bands?: number | undefined;
  /** Of the permutations; 1 by default. */
  readonly seed?: number | undefined;
  /** What documents of training text files are, and what examples of a test text file; lines by default. */
  readonly trainBy?: Boundary | undefined;
  readonly testBy?: Boundary | undefined;
  /** The field or column that holds the text, where there are any; "text" by default. */
  readonly field?: string | undefined;
  readonly testField?: string | undefined;
  /** A file with one score for each example, in order, that is compared between clean and contaminated examples. */
  readonly scores?: string | undefined;
  /** Where the training set goes without what overlaps with the test set: `.jsonl` or text, also `.gz`. */
  readonly remove?: string | undefined;
  readonly threads?: number | undefined;
  /** Told how many bytes of the training set have been read. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
  /** Told how many documents have been written without what overlaps. */
  readonly onRemoval?: ((done: number, of: number) => void) | undefined;
}

export type FlagKind = "exact" | "overlap" | "near-duplicate";

export interface Flag {
  /** Of the example, from 0. */
  readonly index: number;
  readonly kind: FlagKind;
  /** 1, the share of the example's words that overlapping n-grams cover, or the Jaccard similarity. */
  readonly score: number;
  /** Where in the training set it is found first, or most similarly. */
  readonly file: string;
  /** Of this file, from 1: the line where documents are lines, else the document. */
  readonly document: number;
}

export interface ContaminationReport {
  readonly examples: number;
  /** Examples that are a training document, word for word. */
  readonly exact: number;
  /** Examples with at least one n-gram in common with a training document: "dirty" in GPT-3's terms. */
  readonly overlapping: number;
  /** Examples with a training document at least so similar, but none that is the same. */
  readonly nearDuplicates: number;
  /** Examples of any of these kinds. */
  readonly contaminated: number;
  /** By example, then kind. */
  readonly flagged: readonly Flag[];
  /** Examples without a word, and examples with fewer words than an n-gram has. */
  readonly empty: number;
  readonly tooShort: number;
  /** Share of the test set's words that are single characters of scripts without spaces. */
  readonly characterWords: number;
  readonly n: number;
  /** n-grams of the test set that were ignored as common phrases. */
  readonly commonGrams: number;
  readonly common: number;
  readonly similarity: number;
  readonly shingle: number;
  readonly permutations: number;
  readonly bands: number;
  readonly rows: number;
  /** With which probability pairs become candidates; candidates are verified. */
  readonly curve: readonly { readonly similarity: number; readonly probability: number }[];
  readonly scores?: ScoreComparison;
  readonly removal?: Removal;
  readonly training: { readonly files: number; readonly bytes: number; readonly documents: number; readonly words: number; readonly tooLong: number };
}

const [LEAST_N, MOST_N] = [8, 13];
/** Less is read sooner than threads start. */
const WORTH_THREADS = 1 << 24;
const CURVE = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

/**
 * Audits a test set against a training set of any size, of which only a little is in memory at once.
 *
 * @throws DataError where a text cannot be read; AuditError where an option or the files make no sense
 */
export async function auditContamination(options: ContaminationOptions): Promise<ContaminationReport> {
  const { train, test, common = 10, similarity = 0.8, field = "text", testField = field, trainBy = "line", testBy = "line" } = options;
  for (const [what, words] of [["n-grams", options.n], ["shingles", options.shingle]] as const) requireSize(what, words);
  const banding = chooseBands(options.permutations ?? 128, similarity, options.bands);
  const [sources, testSources] = [await findSources(train, { field }), await findSources([test], { field: testField })];
  await refuseSame(sources, testSources);
  if (options.remove !== undefined) await requireRemovable(options.remove, sources, testSources, trainBy);
  const { index, characterWords } = await readTest(await scanTasks(testSources, testBy), banding, options);
  const scores = options.scores === undefined ? undefined : await readScores(options.scores, index.examples);
  const tasks = await scanTasks(sources, trainBy);
  const bytes = tasks.reduce((sum, task) => sum + task.bytes, 0);
  const threads = bytes < WORTH_THREADS ? 1 : options.threads ?? availableParallelism();
  const { findings, documents } = await scanTraining(tasks, { index, threshold: similarity }, { threads, onProgress: options.onProgress });
  if (findings.documents === 0) throw new AuditError(`The training set (${train.join(", ")}) has no words; give files with text.`);
  const flagged = flags(index, findings, common, placesIn(tasks, documents));
  const removal = options.remove === undefined ? undefined : await removeOverlaps(index, unwantedGrams(findings, common), {
    output: options.remove, sources, boundary: trainBy, field, onDocuments: (done) => options.onRemoval?.(done, documents.reduce((sum, count) => sum + count, 0)),
  });
  const contaminated = new Set(flagged.map((flag) => flag.index));
  const count = (kind: FlagKind): number => flagged.filter((flag) => flag.kind === kind).length;
  return {
    examples: index.examples, exact: count("exact"), overlapping: count("overlap"), nearDuplicates: count("near-duplicate"),
    contaminated: contaminated.size, flagged, ...(scores !== undefined && { scores: compareScores(scores, contaminated) }), ...(removal !== undefined && { removal }),
    empty: index.words.filter((words) => words === 0).length, tooShort: index.words.filter((words) => words > 0 && words < index.n).length,
    characterWords: characterWords / index.words.reduce((sum, words) => sum + words, 0),
    n: index.n, commonGrams: findings.gramDocuments.filter((count) => count > common).length, common, similarity, shingle: index.shingle,
    permutations: banding.bands * banding.rows, ...banding, curve: CURVE.map((at) => ({ similarity: at, probability: candidateProbability(at, banding) })),
    training: {
      files: sources.length, bytes, documents: findings.documents, words: findings.words, tooLong: findings.tooLong,
    },
  };
}

function requireSize(what: string, words: number | "auto" | undefined): void {
  if (typeof words !== "number" || (Number.isInteger(words) && words >= 1 && words <= LONGEST_COMPARED)) return;
  throw new AuditError(`${what} of ${words} words were asked for; they may have 1 to ${LONGEST_COMPARED}.`);
}

async function realName(source: DocumentSource): Promise<string> {
  return source.kind === "package" ? source.package : realpath(source.file);
}

/** The same file on both sides says nothing. */
async function refuseSame(sources: readonly DocumentSource[], testSources: readonly DocumentSource[]): Promise<void> {
  const names = new Set(await Promise.all(testSources.map(realName)));
  for (const name of await Promise.all(sources.map(realName))) {
    if (names.has(name)) throw new AuditError(`${name} is named both as --train and as --test, so that all of it would be found; name the test set alone as --test.`);
  }
}

/** Before the training set is read, which may take long. */
async function requireRemovable(output: string, sources: readonly DocumentSource[], testSources: readonly DocumentSource[], boundary: Boundary): Promise<void> {
  const name = await realpath(output).catch(() => undefined);
  for (const source of [...sources, ...testSources]) {
    if (await realName(source) === name) throw new AuditError(`${output} is to be written without what overlaps, but it is read too; give another name.`);
  }
  await checkRemoval({ output, sources, boundary });
}

/** Those of the test set that stand in the training set, other than common phrases. */
function unwantedGrams({ gramDocuments }: Findings, common: number): Uint8Array {
  return Uint8Array.from(gramDocuments, (documents) => Number(documents > 0 && documents <= common));
}

async function readTest(tasks: readonly ScanTask[], banding: Banding, options: ContaminationOptions): Promise<{ index: TestIndex; characterWords: number }> {
  const { n = MOST_N, shingle = 5, seed = 1 } = options;
  const read = async (size: number): Promise<{ index: TestIndex; characterWords: number }> => {
    const builder = new TestIndexBuilder({ n: size, shingle, banding, seed });
    let characterWords = 0;
    // One part after the other, so that examples come in order.
    for (const task of tasks) characterWords += (await scanTask(task, builder)).characterWords;
    return { index: builder.build(), characterWords };
  };
  const first = await read(n === "auto" ? MOST_N : n);
  if (first.index.words.every((words) => words === 0)) throw new AuditError(`The test set ${options.test} has no words; give a file with text.`);
  const chosen = n === "auto" ? sizeFor(first.index.words) : first.index.n;
  return chosen === first.index.n ? first : read(chosen);
}

/** The 5th percentile of the examples' lengths in words, from 8 to 13 (Brown et al. 2020, appendix C). */
function sizeFor(words: Int32Array): number {
  const lengths = words.filter((count) => count > 0).sort();
  const percentile = lengths[Math.floor(0.05 * (lengths.length - 1))] ?? MOST_N;
  return Math.min(MOST_N, Math.max(LEAST_N, percentile));
}

type PlaceName = (place: number) => { readonly file: string; readonly document: number };

/** Tasks of one file follow each other, and so do their documents. */
function placesIn(tasks: readonly ScanTask[], documents: readonly number[]): PlaceName {
  const names = tasks.map(({ source }) => source.kind === "package" ? source.package : source.file);
  const before = tasks.map((_, task) => {
    let sum = 0;
    for (let earlier = task - 1; earlier >= 0 && names[earlier] === names[task]; earlier--) sum += documents[earlier] ?? 0;
    return sum;
  });
  return (place) => {
    const { task, document } = unpackPlace(place);
    return { file: names[task] ?? "", document: (before[task] ?? 0) + document + 1 };
  };
}

function flags(index: TestIndex, findings: Findings, common: number, nameOf: PlaceName): Flag[] {
  return Array.from(index.words, (words, example): Flag[] => {
    if (words === 0) return [];
    const same = findings.wholePlaces[index.wholeOf[example] ?? -1] ?? Infinity;
    const { covered, place } = overlapOf(index, findings, common, example);
    const similarity = findings.similarities[example] ?? 0;
    return [
      ...(same < Infinity ? [{ index: example, kind: "exact" as const, score: 1, ...nameOf(same) }] : []),
      ...(covered > 0 ? [{ index: example, kind: "overlap" as const, score: covered / words, ...nameOf(place) }] : []),
      ...(similarity > 0 && same === Infinity
        ? [{ index: example, kind: "near-duplicate" as const, score: similarity, ...nameOf(findings.similarPlaces[example] ?? 0) }] : []),
    ];
  }).flat();
}

/** How many of an example's words n-grams of the training set cover, and the first document with one of them. */
function overlapOf({ gramsOf: { starts, values }, n }: TestIndex, { gramDocuments, gramPlaces }: Findings, common: number, example: number): { covered: number; place: number } {
  let [covered, end, place] = [0, 0, Infinity];
  values.subarray(starts[example], starts[example + 1]).forEach((gram, at) => {
    const documents = gramDocuments[gram] ?? 0;
    if (documents === 0 || documents > common) return;
    covered += at + n - Math.max(end, at);
    end = at + n;
    place = Math.min(place, gramPlaces[gram] ?? Infinity);
  });
  return { covered, place };
}
