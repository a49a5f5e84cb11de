import { exchanged, type SentencePairs } from "../words/sentence-pairs.ts";
import type { Alignment, AlignmentModel } from "./alignment-model.ts";
import { HmmAlignment } from "./hmm.ts";
import { Model1 } from "./model1.ts";
import { Model2 } from "./model2.ts";
import { symmetrise, type AlignmentLinks, type Symmetrisation } from "./symmetrise.ts";
import { TranslationTable } from "./translation-table.ts";

export interface AlignSettings {
  /** Iterations of each model, in this order; 0 leaves one out. */
  readonly model1: number;
  readonly model2: number;
  readonly hmm: number;
  readonly symmetrisation: Symmetrisation;
}

/** An iteration of expectation maximisation. */
export interface AlignmentIteration {
  readonly direction: "source-target" | "target-source";
  readonly model: AlignmentModel["name"];
  readonly iteration: number;
  /** The perplexity of a target word given its source sentence, before the iteration. */
  readonly perplexity: number;
}

/**
 * Links the words of all sentence pairs: models are trained in both directions, each from its predecessor's t(f | e), and the
 * last one's most probable alignments are joined.
 *
 * @param settings at least one iteration of one model
 */
export async function alignCorpus(
  sentences: SentencePairs, settings: AlignSettings, onIteration: (iteration: AlignmentIteration) => void | Promise<void> = () => undefined,
): Promise<AlignmentLinks[]> {
  const forward = await alignDirection(sentences, settings, (iteration) => onIteration({ direction: "source-target", ...iteration }));
  const backward = await alignDirection(exchanged(sentences), settings, (iteration) => onIteration({ direction: "target-source", ...iteration }));
  return forward.map((alignment, at) => symmetrise(alignment, backward[at] ?? new Int32Array(), settings.symmetrisation));
}

async function alignDirection(
  sentences: SentencePairs, settings: AlignSettings, onIteration: (iteration: Omit<AlignmentIteration, "direction">) => void | Promise<void>,
): Promise<Alignment[]> {
  const table = new TranslationTable(sentences);
  const words = sentences.target.reduce((sum, target) => sum + target.length, 0);
  const stages = [
    { make: () => new Model1(sentences, table), iterations: settings.model1 },
    { make: () => new Model2(sentences, table), iterations: settings.model2 },
    { make: () => new HmmAlignment(sentences, table), iterations: settings.hmm },
  ];
  let last: AlignmentModel = new Model1(sentences, table);
  for (const { make, iterations } of stages.filter((stage) => stage.iterations > 0)) {
    last = make();
    for (let iteration = 1; iteration <= iterations; iteration++) {
      const logLikelihood = last.iterate();
      await onIteration({ model: last.name, iteration, perplexity: Math.exp(-logLikelihood / words) });
    }
  }
  return sentences.source.map((source, at) => last.align(source, sentences.target[at] ?? new Int32Array()));
}
