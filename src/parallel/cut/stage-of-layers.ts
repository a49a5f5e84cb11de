import { readFile } from "node:fs/promises";
import { balancedPartition } from "../balanced-partition.ts";
import { costProfileSchema, type CostProfile } from "../cost-profile.ts";
import { ScheduleError } from "../schedule.ts";
import type { ModelUnit } from "./units.ts";

/** Stage of each layer: units in their order, cut so that the slowest stage takes as little as possible. */
export function stageOfLayers(units: readonly ModelUnit[], stages: number, costOf: (unit: ModelUnit) => number): (layer: string) => number {
  if (stages > units.length) {
    throw new ScheduleError(`The model has ${units.length} parts that are not cut (${units.map(({ layers }) => layers.join("+")).join(", ")}), `
      + `too few for ${stages} stages; lower parallel.stages or parallel.chunks.`);
  }
  const starts = balancedPartition(units.map(costOf), stages);
  const stageOf = new Map(units.flatMap(({ layers }, unit) => (
    layers.map((layer) => [layer, starts.findLastIndex((start) => start <= unit)] as const))));
  return (layer) => stageOf.get(layer) ?? 0;
}

/** What units took when they were measured. */
export function measuredCosts({ units }: CostProfile, file: string): (unit: ModelUnit) => number {
  const costs = new Map(units.map(({ name, forward, inputGradient, weightGradient }) => [name, forward + inputGradient + weightGradient]));
  return ({ layers }) => {
    const cost = costs.get(layers.join("+"));
    if (cost === undefined) throw new ScheduleError(`${file} has no "${layers.join("+")}": it was measured on another model. Measure this one with decade profile.`);
    return cost;
  };
}

/** A file's profile, of several the first. @throws ScheduleError where there is no such file, or it holds something else */
export async function readCostProfile(file: string): Promise<CostProfile> {
  const text = await readFile(file, "utf8").catch(() => { throw new ScheduleError(`There is no file "${file}", which parallel.costs names; write it with decade profile.`); });
  try {
    const content: unknown = JSON.parse(text);
    return costProfileSchema.parse(Array.isArray(content) ? content[0] : content);
  } catch (cause) {
    throw new ScheduleError(`${file} holds no costs as decade profile writes them.`, { cause });
  }
}
