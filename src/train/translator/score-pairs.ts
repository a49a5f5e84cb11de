import { collate, type CollateOptions, type Example } from "../../data/collate.ts";
import type { SequenceDecoder } from "../../decode/decoder.ts";
import { scoreBatch, type PairScore } from "../../decode/score.ts";
import { batchesByLength } from "./translator-batches.ts";

/** Forced scores of examples, in their order; `batch` is how many are scored at once. */
export async function scoreExamples(
  decoder: SequenceDecoder, examples: readonly Example[], options: CollateOptions, batch = 64,
): Promise<PairScore[]> {
  const scores: PairScore[] = [];
  for (const places of batchesByLength(examples.map(({ source, target }) => Math.max(source.length, target.length) + 1), batch)) {
    const batched = await scoreBatch(decoder, collate(places.flatMap((place) => examples[place] ?? []), options));
    batched.forEach((score, at) => (scores[places[at] ?? 0] = score));
  }
  return scores;
}
