/** `decade train` on the configuration of a phrase-based translator. */
import { trainPhraseBased, type PhraseTrainEvent, type TrainedPhraseRun } from "../phrase/run/train-phrase-based.ts";
import type { PhraseRunConfig } from "../train/config/phrase.ts";
import { EXIT, Interruption } from "./errors.ts";
import { count } from "./format.ts";
import { interruptible } from "./interrupt.ts";
import { printResult, type Io } from "./io.ts";
import { ProgressLine } from "./progress.ts";

export interface PhraseTrainFlags {
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** Trains with progress shown. @throws Interruption where it was stopped before its end */
export async function trainPhrases(config: PhraseRunConfig, { resume = false, overwrite = false, json }: PhraseTrainFlags, io: Io): Promise<void> {
  const line = new ProgressLine(io);
  const run = await interruptible(
    (signal) => trainPhraseBased(config, { resume, overwrite, signal, onEvent: (event) => line.note(describeEvent(event)) }),
    {
      exitCode: EXIT.interrupted,
      onInterrupt: () => line.note("Stopping after this iteration; press Ctrl-C again to exit at once."),
    },
  );
  printResult(io, json, run, () => describeRun(run));
  if (run.reason !== "interrupted") return;
  io.err("Stopped. The phrase table and the language model are kept where they were done; go on with the same command and --resume.\n");
  throw new Interruption("The training was stopped.");
}

function describeEvent(event: PhraseTrainEvent): string {
  switch (event.kind) {
    case "notice":
      return event.message;
    case "started":
      return `${event.directory}: ${count(event.pairs)} training pairs, ${count(event.validation)} validation pairs`;
    case "alignment": {
      const { direction, model, iteration, perplexity } = event.iteration;
      return `aligning ${direction}, ${model} iteration ${iteration}: perplexity ${perplexity.toFixed(2)} a word`;
    }
    case "table":
      return `phrase table: ${count(event.pairs)} phrase pairs`;
    case "languageModel":
      return `language model: ${event.counts.map((each, at) => `${count(each)} ${at + 1}-grams`).join(", ")}`;
    case "tuning": {
      const { iteration, bleu, newCandidates } = event.iteration;
      return `tuning, iteration ${iteration}: BLEU ${bleu.toFixed(2)} on the validation pairs, ${count(newCandidates)} new translations`;
    }
    default:
      return event satisfies never;
  }
}

function describeRun({ directory, reason, phrasePairs, validationBleu }: TrainedPhraseRun): string {
  const how = reason === "finished" ? "Finished" : "Interrupted";
  const judged = validationBleu === undefined ? "" : `, BLEU ${validationBleu.toFixed(2)} on the validation pairs`;
  return `${how} with ${count(phrasePairs)} phrase pairs${judged}. The run is in ${directory}.`;
}
