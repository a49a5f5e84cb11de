import { balancedPartition } from "../balanced-partition.ts";
import type { CostProfile, CostUnit } from "../cost-profile.ts";
import { ScheduleError } from "../schedule.ts";
import { isWavefront, stagesOfModel, type Layout } from "./layout.ts";

/** A unit, or the part of it that a device holds. */
export interface PlacedUnit {
  readonly unit: CostUnit;
  /** 1, or less of a projection onto the vocabulary that is shared. */
  readonly part: number;
}

/** What a stage holds, in the order of the forward pass. */
export type Stage = readonly PlacedUnit[];

/** Where a model's units lie. */
export interface Placement {
  /** By the schedule's stages; the last of them is the shards of the vocabulary where it is shared. */
  readonly stages: readonly Stage[];
  /** The vocabulary's part on the device of the last stage that is not a shard; undefined where it is not shared. */
  readonly share: number | undefined;
}

/** Cost of a unit for one micro-batch, forward and backward. */
export function workOf({ forward, inputGradient, weightGradient }: CostUnit): number {
  return forward + inputGradient + weightGradient;
}

/** What a stage's units come to, each in the part that lies there. */
export function total(stage: Stage, of: (unit: CostUnit) => number): number {
  return stage.reduce((sum, { unit, part }) => sum + part * of(unit), 0);
}

/** Seconds of a stage's units; a shard takes what cannot be divided and its part of the rest. */
export function totalSeconds(stage: Stage, of: (unit: CostUnit) => number): number {
  return stage.reduce((sum, { unit, part }) => sum + (part === 0 || part === 1 ? part : part + (1 - part) * (unit.undivided ?? 0)) * of(unit), 0);
}

/** Cuts the model into the layout's stages, each as near to as much work as the others as its units allow. */
export function place(profile: CostProfile, layout: Layout): Placement {
  const count = stagesOfModel(layout);
  if (layout.vocabulary === 1) return { stages: cut(profile.units, count, layout), share: undefined };
  const body = profile.units.filter(({ vocabulary }) => !vocabulary);
  const vocabulary = profile.units.slice(body.length);
  if (vocabulary.length === 0 || !vocabulary.every((unit) => unit.vocabulary)) {
    throw new ScheduleError("No vocabulary can be shared here: the costs' last unit is to be marked as the projection onto the vocabulary, and no unit before it.");
  }
  const whole = (part: number): Stage => vocabulary.map((unit) => ({ unit, part }));
  const stages = cut(body, count, layout);
  const last = stages.at(-1) ?? [];
  const share = layout.share ?? balancedShare(totalSeconds(last, workOf), total(whole(1), (unit) => workOf(unit) * (1 - (unit.undivided ?? 0))), layout.vocabulary);
  const withShare = share === 0 ? last : [...last, ...whole(share)];
  return { stages: [...stages.slice(0, -1), withShare, whole((1 - share) / (layout.vocabulary - 1))], share };
}

/** Part of the vocabulary with which a device that has other work is busy as long as each of the others that share it. */
function balancedShare(body: number, divided: number, devices: number): number {
  if (divided === 0) return 1 / devices;
  return Math.max(0, (divided - (devices - 1) * body) / (devices * divided));
}

function cut(units: readonly CostUnit[], count: number, layout: Layout): Stage[] {
  if (count > units.length) {
    const without = layout.vocabulary > 1 ? " without the vocabulary" : "";
    throw new ScheduleError(`${count} stages need as many units; the costs state ${units.length}${without}. Choose fewer stages${isWavefront(layout) ? "" : " or chunks"}.`);
  }
  const starts = balancedPartition(units.map(workOf), count);
  return starts.map((start, at) => units.slice(start, starts[at + 1]).map((unit) => ({ unit, part: 1 })));
}
