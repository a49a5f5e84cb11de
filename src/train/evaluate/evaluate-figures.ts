/** Figures 2 and 3 of Sutskever, Vinyals and Le 2014, for a model at hand. */
import { join } from "node:path";
import { makeFolders } from "../../data/folders.ts";
import { bleuByLength, bleuByWordRank, frequencyRanks, type TranslatedTestSet } from "../../metrics/breakdown.ts";
import { lengthFigure, wordRankFigure } from "../../metrics/breakdown-figures.ts";
import type { BleuOptions } from "../../metrics/bleu.ts";
import { mapStates, stateMapFigure } from "../../metrics/state-map.ts";
import { writeSvg } from "../../plot/render.ts";
import type { Translator } from "../translator/translator.ts";

/** A sentence on the map of states; sentences of a group share a colour. */
export interface MappedSentence {
  readonly text: string;
  readonly group?: string;
}

/** Writes the map of the encoder's final states (Figure 2) into a folder, and gives the file's path. */
export async function writeStateFigure(translator: Translator, sentences: readonly MappedSentence[], folder: string): Promise<string> {
  const states = await translator.encodeStates(sentences.map(({ text }) => text));
  const labelled = sentences.map(({ text, group }, at) => ({
    state: states[at] ?? [], label: text, ...(group === undefined ? {} : { group }),
  }));
  return writeFigure(folder, "states.svg", stateMapFigure(mapStates(labelled)));
}

export interface BreakdownFigures {
  readonly name: string;
  readonly testSet: TranslatedTestSet;
  /** Sentences that words are counted in, to rank them by frequency. */
  readonly training: readonly string[];
  readonly bleu: BleuOptions;
}

/** Writes BLEU by length and by mean word rank (Figure 3) into a folder, and gives the files' paths. */
export async function writeBreakdownFigures(folder: string, { name, testSet, training, bleu }: BreakdownFigures): Promise<string[]> {
  const options = { bleu, interval: {} };
  const ranks = frequencyRanks(training.map((sentence) => sentence.split(/\s+/).filter((word) => word !== "")));
  return [
    await writeFigure(folder, "bleu-by-length.svg", lengthFigure([{ name, buckets: bleuByLength(testSet, options) }])),
    await writeFigure(folder, "bleu-by-rank.svg", wordRankFigure([{ name, buckets: bleuByWordRank(testSet, ranks, options) }])),
  ];
}

async function writeFigure(folder: string, file: string, chart: Parameters<typeof writeSvg>[1]): Promise<string> {
  await makeFolders(folder);
  const path = join(folder, file);
  await writeSvg(path, chart);
  return path;
}
