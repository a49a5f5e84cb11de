import type { Command } from "commander";
import { perplexity } from "../metrics/perplexity.ts";
import { plural } from "./format.ts";
import type { Io } from "./io.ts";
import { addModelOptions, jsonOption, withTranslator, type ModelFlags } from "./options.ts";
import { ProgressLine } from "./progress.ts";
import { readParallel } from "./text-input.ts";

interface ScoreFlags extends ModelFlags {
  readonly source: string;
  readonly target: string;
  readonly json?: boolean;
}

export function addScore(program: Command, io: Io): void {
  const command = program.command("score")
    .description("print the log-probability, in nats, that a run gives each of the given outputs")
    .argument("<run>", "folder of a trained run, or of a translator of Hugging Face")
    .requiredOption("--source <file>", "sources, one a line")
    .requiredOption("--target <file>", "outputs, one a line");
  addModelOptions(command).addOption(jsonOption()).action((run: string, flags: ScoreFlags) => runScore(run, flags, io));
}

async function runScore(run: string, flags: ScoreFlags, io: Io): Promise<void> {
  const pairs = await readParallel(flags.source, flags.target);
  const line = new ProgressLine(io);
  const options = { onProgress: line.counter("pairs scored") };
  const scores = await withTranslator(run, flags, (translator) => translator.score(pairs, options)).finally(() => line.close());
  const total = scores.reduce((sum, { logProbability }) => sum + logProbability, 0);
  const tokens = scores.reduce((sum, score) => sum + score.tokens, 0);
  const result = {
    pairs: pairs.length, tokens, logProbability: total, perplexity: perplexity(-total, tokens),
    scores: scores.map(({ logProbability, tokens: length }) => ({ logProbability, tokens: length })),
  };
  if (flags.json) {
    io.out(`${JSON.stringify(result)}\n`);
    return;
  }
  io.out(scores.map(({ logProbability }) => `${logProbability}\n`).join(""));
  io.err(`${plural(pairs.length, "pair")}, ${plural(tokens, "token")}, perplexity ${result.perplexity.toFixed(3)} a token\n`);
}
