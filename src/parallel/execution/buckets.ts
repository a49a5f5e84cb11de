import type { Tensor } from "../../graph/tensor.ts";
import type { Parameter } from "../../nn/module.ts";
import { parametersOf } from "../cut/stage-phases.ts";
import { cutStages, type StageGraph } from "../cut/stages.ts";
import type { ModelUnit } from "../cut/units.ts";
import type { HeldWeight } from "./pieces.ts";

/**
 * Cuts each stage into pieces whose weights come to so many bytes or more, counted from its end, where the backward pass
 * begins.
 * @param results of the forward pass, as they are cut into stages
 */
export function cutPieces(
  results: readonly Tensor[], units: readonly ModelUnit[], stageOf: (layer: string) => number, { stages, bytes, parameters }: {
    stages: number; bytes: number; parameters: readonly Parameter[];
  },
): StageGraph[][] {
  const unitOf = new Map(units.flatMap(({ layers }, unit) => layers.map((layer) => [layer, unit] as const)));
  const known = new Set<Parameter>();
  const sizes = cutStages(results, units.length, (layer) => unitOf.get(layer) ?? 0).map((graph) => {
    const own = parametersOf(graph, parameters).filter((parameter) => !known.has(parameter)); // a weight is complete with the first unit that reads it
    own.forEach((parameter) => known.add(parameter));
    return own.reduce((sum, { size }) => sum + 4 * size, 0);
  });
  const stageOfUnit = units.map(({ layers: [layer = ""] }) => stageOf(layer));
  const isCut = cutsBefore(sizes, stageOfUnit, bytes);
  let piece = -1;
  const pieceOfUnit = isCut.map((cut) => (piece += Number(cut)));
  const graphs = cutStages(results, piece + 1, (layer) => pieceOfUnit[unitOf.get(layer) ?? 0] ?? 0);
  return Array.from({ length: stages }, (_, stage) => {
    const own = new Set(pieceOfUnit.filter((_piece, unit) => stageOfUnit[unit] === stage));
    return graphs.filter((_graph, at) => own.has(at));
  });
}

/** Whether a piece begins with a unit. */
function cutsBefore(sizes: readonly number[], stages: readonly number[], bytes: number): boolean[] {
  const cuts = sizes.map(() => false);
  let sum = 0;
  for (let unit = sizes.length - 1; unit >= 0; unit--) {
    sum += sizes[unit] ?? 0;
    cuts[unit] = sum >= bytes || unit === 0 || stages[unit] !== stages[unit - 1];
    if (cuts[unit]) sum = 0;
  }
  return cuts;
}

/**
 * The weights of a device in buckets whose gradients are complete one after another, the last first: those of each piece of
 * its stages; of a weight that several read, with the first of them. In the first bucket is also what other devices, or
 * several stages, have a part in.
 * @param stages pieces of each stage of the device
 */
export function bucketsOf(
  held: readonly HeldWeight[], stages: readonly (readonly StageGraph[])[], parameters: readonly Parameter[], isTied: (weight: HeldWeight) => boolean,
): HeldWeight[][] {
  const readers = stages.map((pieces) => new Set<HeldWeight>(pieces.flatMap((graph) => parametersOf(graph, parameters))));
  const left = new Set(held.filter((weight) => !isTied(weight) && readers.filter((read) => read.has(weight)).length === 1));
  const rest = held.filter((weight) => !left.has(weight));
  const [first = [], ...others] = stages.flat().map((graph): HeldWeight[] => {
    const own = parametersOf(graph, parameters).filter((parameter) => left.has(parameter));
    own.forEach((parameter) => left.delete(parameter));
    return own;
  });
  return [[...rest, ...first], ...others];
}
