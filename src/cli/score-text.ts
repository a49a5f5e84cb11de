import { Option, type Command } from "commander";
import { DataError } from "../data/data-error.ts";
import { readLines } from "../data/text-file.ts";
import { bleuTokenizers, type BleuTokenizer } from "../metrics/bleu-tokenizers.ts";
import { compareTexts } from "../train/evaluate/evaluate-run.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, repeated } from "./options.ts";

interface ScoreTextFlags {
  readonly hypothesis: string;
  readonly reference: readonly string[];
  readonly lowercase?: boolean;
  readonly tokenize: BleuTokenizer;
  readonly json?: boolean;
}

export function addScoreText(program: Command, io: Io): void {
  program.command("score-text")
    .description("BLEU and chrF of a text against references")
    .requiredOption("--hypothesis <file>", "translations, one a line")
    .requiredOption("--reference <file>", "references, one a line; may be repeated", repeated)
    .option("--lowercase", "ignore case")
    .addOption(new Option("--tokenize <how>", "BLEU's tokeniser").choices(bleuTokenizers).default("13a"))
    .addOption(jsonOption())
    .action((flags: ScoreTextFlags) => runScoreText(flags, io));
}

async function runScoreText({ hypothesis, reference, lowercase = false, tokenize, json }: ScoreTextFlags, io: Io): Promise<void> {
  const hypotheses = await readLines(hypothesis);
  const files = await Promise.all(reference.map(async (file) => ({ file, lines: await readLines(file) })));
  for (const { file, lines } of files) {
    if (lines.length === hypotheses.length) continue;
    throw new DataError(`${hypothesis} has ${hypotheses.length} lines but ${file} has ${lines.length}; line n of one must answer line n of the other.`);
  }
  const references = hypotheses.map((_, line) => files.map(({ lines }) => lines[line] ?? ""));
  const result = { ...compareTexts(hypotheses, references, { lowercase, tokenizer: tokenize }), sentences: hypotheses.length };
  const { lower, upper } = result.bleuInterval;
  printResult(io, json, result, () => [
    `BLEU   ${result.bleu.toFixed(2)}  (95% confidence ${lower.toFixed(2)} to ${upper.toFixed(2)})  ${result.signature}`,
    `chrF2  ${result.chrf.toFixed(2)}  ${result.chrfSignature}`,
  ].join("\n"));
}
