import { InvalidArgumentError, Option, type Command } from "commander";
import { auditContamination, type ContaminationReport, type Flag } from "../audit/contamination/audit-contamination.ts";
import { MOST_PIECES, SHORTEST_PIECE, WINDOW } from "../audit/contamination/removal/split-document.ts";
import type { Boundary } from "../audit/words/word-scanner.ts";
import { count, plural, table } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, nonNegativeInteger, number, positiveInteger } from "./options.ts";
import { prepareOutputs } from "./output-files.ts";
import { ProgressLine } from "./progress.ts";

interface ContaminationFlags {
  readonly train: readonly string[];
  readonly test: string;
  readonly n: number | "auto";
  readonly common: number;
  readonly similarity: number;
  readonly shingle: number;
  readonly permutations: number;
  readonly bands?: number;
  readonly trainBy: keyof typeof BOUNDARIES;
  readonly testBy: keyof typeof BOUNDARIES;
  readonly field: string;
  readonly testField?: string;
  readonly scores?: string;
  readonly remove?: string;
  readonly seed: number;
  readonly threads?: number;
  readonly show: number;
  readonly json?: boolean;
}

const BOUNDARIES = { line: "line", paragraph: "paragraph", file: "none" } as const satisfies Record<string, Boundary>;

export function addAuditContamination(audit: Command, io: Io): void {
  audit.command("contamination")
    .description("which test examples stand in training text: word for word, in part (n-grams), or nearly (MinHash)")
    .requiredOption("--train <files...>", "training text: .jsonl, .parquet, else plain text, also .gz or .zst; patterns may be quoted")
    .requiredOption("--test <file>", "test set, in one of the same forms")
    .option("--n <words>", "length of n-grams; auto is GPT-3's choice, from 8 to 13 by the test set", gramSize, 13)
    .option("--common <documents>", "n-grams in more training documents are common phrases and ignored", nonNegativeInteger, 10)
    .option("--similarity <jaccard>", "least similarity of near duplicates", similarity, 0.8)
    .option("--shingle <words>", "near duplicates are compared as sets of so many words in a row", positiveInteger, 5)
    .option("--permutations <count>", "length of MinHash signatures", positiveInteger, 128)
    .option("--bands <count>", "bands into which signatures are cut (default: the fewest that find 99% at --similarity)", positiveInteger)
    .addOption(boundaryOption("--train-by <unit>", "what documents of plain training text are"))
    .addOption(boundaryOption("--test-by <unit>", "what examples of a plain test text are"))
    .option("--field <name>", "field of JSON lines, or column of Parquet, that holds the text", "text")
    .option("--test-field <name>", "the same for the test set (default: as --field)")
    .option("--scores <file>", "a model's score of each example, one a line: compared between clean and contaminated examples")
    .option("--remove <output>", "write the training text without overlapping n-grams and 200 characters on either side: .jsonl or text, also .gz")
    .option("--seed <number>", "of the permutations", nonNegativeInteger, 1)
    .option("--threads <count>", "threads that read (default: as many as there are cores)", positiveInteger)
    .option("--show <count>", "flagged examples that are printed", nonNegativeInteger, 20)
    .addOption(jsonOption())
    .action((flags: ContaminationFlags) => runContamination(flags, io));
}

function gramSize(text: string): number | "auto" {
  return text === "auto" ? text : positiveInteger(text);
}

function similarity(text: string): number {
  const value = number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError("Expected a number above 0 and up to 1, such as 0.8.");
  return value;
}

function boundaryOption(name: string, description: string): Option {
  return new Option(name, description).choices(Object.keys(BOUNDARIES)).default("line");
}

async function runContamination({ show, json, ...flags }: ContaminationFlags, io: Io): Promise<void> {
  const line = new ProgressLine(io);
  const start = performance.now();
  await prepareOutputs(flags.remove);
  const report = await auditContamination({
    ...flags, trainBy: BOUNDARIES[flags.trainBy], testBy: BOUNDARIES[flags.testBy],
    onProgress: (done, of) => line.update(() => progressText(done, of, (performance.now() - start) / 1000)),
    onRemoval: (done, of) => line.update(() => `${count(done)} of ${count(of)} documents written without overlaps`),
  }).finally(() => line.close());
  for (const notice of notices(report)) io.err(`decade: ${notice}\n`);
  printResult(io, json, report, () => describe(report, show));
}

function progressText(done: number, of: number, seconds: number): string {
  const megabytes = (bytes: number): string => count(bytes / 1e6);
  return `${megabytes(done)} of ${megabytes(of)} MB of training text, ${megabytes(done / seconds)} MB/s`;
}

/** What a reader of the figures should know. */
function notices({ examples, exact, empty, tooShort, n, characterWords, training }: ContaminationReport): string[] {
  return [
    ...(exact === examples - empty ? ["Every example is in the training set word for word; make sure that --test is not the training set itself."] : []),
    ...(empty > 0 ? [`${count(empty)} of ${count(examples)} examples ${empty === 1 ? "has" : "have"} no words and are left out.`] : []),
    ...(tooShort > 0 ? [`${count(tooShort)} of ${count(examples)} examples have fewer than ${n} words, so that no n-gram of theirs can overlap; they can be exact or near duplicates only, or try a smaller --n.`] : []),
    ...(characterWords > 0.1 ? [`${(100 * characterWords).toFixed(0)}% of the test set's words are single characters, for no spaces stand between words in their scripts; ${n} characters are less than ${n} words, so try --n ${2 * n}.`] : []),
    ...(training.tooLong > 0 ? [`${training.tooLong === 1 ? "1 training document has" : `${count(training.tooLong)} training documents have`} more than a million words and ${training.tooLong === 1 ? "is not compared as a whole" : "are not compared as wholes"}; n-grams are.`] : []),
  ];
}

function describe(report: ContaminationReport, show: number): string {
  const { examples, training, flagged, n, similarity: threshold, contaminated } = report;
  const share = (part: number): string => `${(100 * part / examples).toFixed(1)} %`;
  const kinds = [
    ["exact", report.exact, "the same as a training document, word for word"],
    ["overlapping", report.overlapping, `at least one ${n}-gram in common with a training document`],
    ["near duplicates", report.nearDuplicates, `a training document of Jaccard similarity ${threshold} or more, but none that is the same`],
    ["contaminated", contaminated, "any of these"],
    ["clean", examples - contaminated, "none of these"],
  ] as const;
  return [
    `${plural(examples, "example")} against ${plural(training.documents, "document")}, ${plural(training.words, "word")}.`, "",
    table(["", "examples", "share", ""], kinds.map(([name, part, meaning]) => [name, count(part), share(part), meaning]), [1, 2]), "",
    describeBands(report), ...describeCommon(report), ...describeScores(report), ...describeRemoval(report),
    ...(show === 0 || flagged.length === 0 ? [] : ["", flagTable(flagged.slice(0, show)), ...(flagged.length > show ? [`and ${count(flagged.length - show)} more (--show, --json)`] : [])]),
  ].join("\n");
}

function describeBands({ permutations, bands, rows, shingle, curve }: ContaminationReport): string {
  const points = curve.filter(({ similarity: at }) => at >= 0.5 && at < 1).map(({ similarity: at, probability }) => `${at}: ${probability.toFixed(4)}`);
  return `MinHash of ${shingle}-word shingles: ${permutations} permutations in ${bands} bands of ${rows} rows find a pair of similarity s with probability 1 - (1 - s^${rows})^${bands}: ${points.join(", ")}.`;
}

function describeCommon({ commonGrams, common, n }: ContaminationReport): string[] {
  return commonGrams === 0 ? [] : [`${count(commonGrams)} ${n}-grams stand in more than ${common} training documents and are ignored as common phrases.`];
}

function describeScores({ scores }: ContaminationReport): string[] {
  if (scores === undefined) return [];
  const { all, clean, contaminated, relativeDifference } = scores;
  const parts = [["clean", clean], ["contaminated", contaminated], ["all", all]] as const;
  return [
    "", table(["scores of", "examples", "mean", "95% interval"], parts.flatMap(([name, part]) => part === undefined ? [] : [
      [name, count(part.examples), part.score.toFixed(4), `${part.lower.toFixed(4)} to ${part.upper.toFixed(4)}`],
    ]), [1, 2]),
    ...(relativeDifference === undefined ? [] : [`Clean examples score ${(100 * relativeDifference).toFixed(1)} % against all.`]),
  ];
}

function describeRemoval({ removal, n }: ContaminationReport): string[] {
  if (removal === undefined) return [];
  const { output, documents, overlapping, dropped, emptied, pieces, shortPieces, bytesBefore, bytesAfter } = removal;
  return [
    "", `${output} has the training text without ${n}-grams of the test set and ${WINDOW} characters on either side:`,
    table(["", "", ""], [
      ["documents", count(documents), ""],
      ["overlapping", count(overlapping), "cut into pieces"],
      ["dropped", count(dropped), `of them, since they came to more than ${MOST_PIECES} pieces`],
      ["emptied", count(emptied), `of them, since no piece had ${SHORTEST_PIECE} characters`],
      ["pieces", count(pieces), `written; ${count(shortPieces)} shorter than ${SHORTEST_PIECE} characters are left out`],
      ["bytes", count(bytesAfter), `of ${count(bytesBefore)}`],
    ], [1]).trimStart(),
  ];
}

function flagTable(flagged: readonly Flag[]): string {
  return table(["example", "kind", "score", "in"], flagged.map(({ index, kind, score, file, document }) => [String(index), kind, score.toFixed(3), `${file}:${document}`]), [0, 2]);
}
