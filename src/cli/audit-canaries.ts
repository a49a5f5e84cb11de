import { writeFile } from "node:fs/promises";
import { InvalidArgumentError, type Command } from "commander";
import { DEFAULT_FORMAT, insertCanaries } from "../audit/memorization/canaries.ts";
import { readText } from "../data/text-file.ts";
import { table } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, nonNegativeInteger, number, positiveInteger } from "./options.ts";
import { prepareOutputs, refuseSameFile } from "./output-files.ts";

interface CanariesFlags {
  readonly text: string;
  readonly output: string;
  readonly record?: string;
  readonly repeat: readonly number[];
  readonly each: number;
  readonly format: string;
  readonly within: number;
  readonly seed: number;
  readonly json?: boolean;
}

export function addAuditCanaries(audit: Command, io: Io): void {
  audit.command("canaries")
    .description("put lines with secrets into a text, each as often as asked, whose memorisation can be measured after training")
    .requiredOption("--text <file>", "text, UTF-8")
    .requiredOption("--output <file>", "where the text with canaries goes")
    .option("--record <file>", "where goes what was put in (default: OUTPUT with .canaries.json)")
    .option("--repeat <counts>", "how often canaries are repeated; 0 for one that is never put in", repetitions, [0, 1, 10, 100])
    .option("--each <count>", "canaries of each number of repetitions", positiveInteger, 1)
    .option("--format <line>", "a canary: {word} is a word of its own, # a digit of its secret", DEFAULT_FORMAT)
    .option("--within <share>", "share of the text, from its beginning, that canaries stand in; runs hold the end out", share, 0.9)
    .option("--seed <number>", "of words, secrets and places", nonNegativeInteger, 1)
    .addOption(jsonOption())
    .action((flags: CanariesFlags) => runCanaries(flags, io));
}

function repetitions(text: string): number[] {
  if (!/^\d+(,\d+)*$/.test(text)) throw new InvalidArgumentError("Expected whole numbers separated by commas, such as 0,1,10,100.");
  return text.split(",").map(Number);
}

function share(text: string): number {
  const value = number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError("Expected a share above 0 and up to 1, such as 0.9.");
  return value;
}

async function runCanaries({ text: file, output, record: recordFile = `${output.replace(/\.txt$/, "")}.canaries.json`, json, ...options }: CanariesFlags, io: Io): Promise<void> {
  await prepareOutputs(output, recordFile);
  await refuseSameFile({ "--text": file, "--output": output, "--record": recordFile });
  const { text, record } = insertCanaries(await readText(file), options);
  await writeFile(output, text);
  await writeFile(recordFile, `${JSON.stringify(record, undefined, 2)}\n`);
  const absent = [..."0123456789"].filter((digit) => !text.includes(digit));
  if (absent.length > 0) io.err(`decade: The text with canaries has no ${absent.join(", ")}, so that a vocabulary of its characters could not write every secret; add lines with all digits, or more canaries by --each.\n`);
  printResult(io, json, { output, record: recordFile, canaries: record.canaries }, () => [
    table(["repeats", "canary"], record.canaries.map(({ before, secret, after, repeats }) => [String(repeats), `${before}${secret}${after}`]), [0]), "",
    `The text with canaries is in ${output}; train on it, then: decade audit memorization RUN --canaries ${recordFile}`,
  ].join("\n"));
}
