import { Option, type Command } from "commander";
import { readLines } from "../data/text-file.ts";
import { formatNBest, parseNBest, type NBestFormat } from "../decode/rescore.ts";
import { rescoreList } from "../train/translator/rescore-list.ts";
import type { Io } from "./io.ts";
import { addModelOptions, jsonOption, number, withTranslator, type ModelFlags } from "./options.ts";
import { ProgressLine } from "./progress.ts";

interface RescoreFlags extends ModelFlags {
  readonly source: string;
  readonly nBest: string;
  readonly format: NBestFormat;
  readonly listWeight: number;
  readonly modelWeight: number;
  readonly json?: boolean;
}

export function addRescore(program: Command, io: Io): void {
  const command = program.command("rescore")
    .description("order another system's n-best list by its scores and a run's log-probabilities together")
    .argument("<run>", "folder of a trained run, or of a translator of Hugging Face")
    .requiredOption("--source <file>", "sources, one a line")
    .requiredOption("--n-best <file>", "the list")
    .addOption(new Option("--format <format>", "moses: `number ||| text ||| features ||| score`; tsv: number, text, score")
      .choices(["moses", "tsv"]).default("moses"))
    .option("--list-weight <number>", "weight of the list's score", number, 0.5)
    .option("--model-weight <number>", "weight of the model's log-probability", number, 0.5);
  addModelOptions(command).addOption(jsonOption()).action((run: string, flags: RescoreFlags) => runRescore(run, flags, io));
}

async function runRescore(run: string, flags: RescoreFlags, io: Io): Promise<void> {
  const sources = await readLines(flags.source);
  const list = parseNBest(await readLines(flags.nBest), flags.format, flags.nBest);
  const weights = { list: flags.listWeight, model: flags.modelWeight };
  const line = new ProgressLine(io);
  const options = { ...weights, onProgress: line.counter("hypotheses scored") };
  const entries = await withTranslator(run, flags, (translator) => rescoreList(translator, sources, list, options)).finally(() => line.close());
  io.out(flags.json ? `${JSON.stringify({ entries })}\n` : formatNBest(entries, flags.format).map((line) => `${line}\n`).join(""));
}
