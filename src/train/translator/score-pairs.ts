import { collate, type CollateOptions } from "../../data/collate.ts";
import type { SequenceDecoder } from "../../decode/decoder.ts";
import { scoreBatch, type PairScore } from "../../decode/score.ts";
import { TOKENS_PER_SENTENCE } from "./translator-batches.ts";

/** Token ids of a source and of the targets that are to be scored given it, without start and end tokens. */
export interface SourceTargets {
  readonly source: Int32Array;
  readonly targets: readonly ScoredTarget[];
}

interface ScoredTarget {
  /** Its place among all. */
  readonly place: number;
  readonly ids: Int32Array;
}

export interface ScoreTargetsOptions {
  /** Targets that are scored at once. */
  readonly batch: number;
  /** Called after each batch with the number of targets in it. */
  readonly onScored?: (targets: number) => void;
}

/** Forced scores of targets, by their places. */
export async function scoreTargets(
  decoder: SequenceDecoder, sources: readonly SourceTargets[], options: CollateOptions, { batch, onScored }: ScoreTargetsOptions,
): Promise<PairScore[]> {
  const scores: PairScore[] = [];
  for (const parts of batchesOfParts(sources.flatMap((source) => partsOf(source, batch)), batch)) {
    const { source, sourceLengths } = collate(parts.map(({ source: ids }) => ({ source: ids, target: new Int32Array() })), options);
    const scored = await scoreBatch(decoder, { source, sourceLengths, targets: parts.map(({ targets }) => targets.map(({ ids }) => ids)) });
    parts.forEach(({ targets }, part) => targets.forEach(({ place }, at) => {
      const score = scored[part]?.[at];
      if (score !== undefined) scores[place] = score;
    }));
    onScored?.(parts.reduce((sum, { targets }) => sum + targets.length, 0));
  }
  return scores;
}

/** Cuts the targets of a source into parts of even size, each of no more tokens than a batch may have; neighbours begin alike. */
function partsOf({ source, targets }: SourceTargets, batch: number): SourceTargets[] {
  const longest = lengthOf({ source, targets });
  const most = Math.max(1, Math.min(batch, Math.floor((batch * TOKENS_PER_SENTENCE) / longest)));
  const count = Math.ceil(targets.length / most);
  const sorted = [...targets].sort((a, b) => compareIds(a.ids, b.ids));
  const edge = (part: number): number => Math.round((part * sorted.length) / count);
  return Array.from({ length: count }, (_, part) => ({ source, targets: sorted.slice(edge(part), edge(part + 1)) }));
}

/** Puts parts together that have about as many targets and are about as long, the largest first. */
function batchesOfParts(parts: readonly SourceTargets[], batch: number): SourceTargets[][] {
  const measured = parts.map((part) => ({ part, size: part.targets.length, length: lengthOf(part) }));
  measured.sort((a, b) => b.size - a.size || b.length - a.length);
  const batches: SourceTargets[][] = [];
  let longest = 0;
  for (const { part, size, length } of measured) {
    const last = batches.at(-1);
    const rows = ((last?.length ?? 0) + 1) * (last?.[0]?.targets.length ?? size);
    longest = Math.max(longest, length);
    if (last !== undefined && rows <= batch && rows * longest <= batch * TOKENS_PER_SENTENCE) {
      last.push(part);
    } else {
      batches.push([part]);
      longest = length;
    }
  }
  return batches;
}

/** The tokens of the longest of a source and its targets, its end token counted. */
function lengthOf({ source, targets }: SourceTargets): number {
  return targets.reduce((most, { ids }) => Math.max(most, ids.length), source.length) + 1;
}

function compareIds(first: Int32Array, second: Int32Array): number {
  const differs = first.findIndex((id, at) => id !== second[at]);
  return differs === -1 ? first.length - second.length : (first[differs] ?? 0) - (second[differs] ?? -1);
}
