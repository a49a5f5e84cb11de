import type { CostProfile } from "../cost-profile.ts";
import type { Action } from "../schedule.ts";
import { generateSchedule, type ScheduleName } from "../schedules/generators.ts";
import { isWavefront, type Layout } from "./layout.ts";
import { total, type Placement, type Stage } from "./placement.ts";

/** What one device holds at most, in bytes. */
export interface DeviceMemory {
  readonly weights: number;
  readonly gradients: number;
  /** Of the optimiser; each replica keeps its part (ZeRO-1, Rajbhandari et al. 2020). */
  readonly moments: number;
  /** What the micro-batches in flight keep for their backward pass. */
  readonly activations: number;
  /** Where activations and gradients of other devices arrive. */
  readonly received: number;
}

export function memoryOf({ weights, gradients, moments, activations, received }: DeviceMemory): number {
  return weights + gradients + moments + activations + received;
}

/** The stages of each device of the pipeline; the shards of the vocabulary, which are alike, count as one. */
export function stagesOfDevices(layout: Layout, { stages }: Placement): number[][] {
  const devices = layout.stages + (layout.vocabulary > 1 ? 1 : 0);
  return Array.from({ length: devices }, (_, device) => {
    if (layout.schedule === "zb-v") return [device, 2 * devices - 1 - device];
    return Array.from({ length: stages.length / devices }, (_unused, chunk) => chunk * devices + device);
  });
}

/** Memory of each device of the pipeline. */
export function pipelineMemory(profile: CostProfile, layout: Layout, placement: Placement): DeviceMemory[] {
  const activations = peakActivationBytes(layout, placement);
  return stagesOfDevices(layout, placement).map((held, device) => {
    const stages = held.map((at) => placement.stages[at] ?? []);
    const weights = stages.reduce((sum, stage) => sum + total(stage, (unit) => unit.parameterBytes), 0);
    return {
      weights, gradients: weights, moments: weights * profile.optimizerMoments / layout.replicas,
      activations: activations[device] ?? 0, received: receivedBytes(layout, placement, held),
    };
  });
}

/** One message each way and border: activations as large as what the stage before puts out, gradients as its own output. */
function receivedBytes(layout: Layout, { stages }: Placement, held: readonly number[]): number {
  const output = (at: number): number => {
    const stage = stages[at] ?? [];
    const body = layout.vocabulary > 1 ? stage.filter(({ unit }) => !unit.vocabulary) : stage;
    return (body.at(-1)?.unit.outputBytes ?? 0) / (isWavefront(layout) ? layout.chunks : 1);
  };
  const crosses = (from: number, to: number): boolean => from >= 0 && to < stages.length && !(held.includes(from) && held.includes(to));
  return held.reduce((sum, at) => sum + (crosses(at - 1, at) ? output(at - 1) : 0) + (crosses(at, at + 1) ? output(at) : 0), 0);
}

/** Micro-batches whose activations device r of p holds at once, of m: the schedule's closed form. */
const IN_FLIGHT: Record<Exclude<ScheduleName, "interleaved-1f1b" | "zb-v">, (r: number, p: number, m: number) => number> = {
  "none": () => 1,
  "gpipe": (_, __, m) => m,
  "1f1b": (r, p, m) => Math.min(m, p - r),
  "zb-h1": (_, p, m) => Math.min(m, p),
  "wavefront-2014": () => 1, // of whole batches
};

function peakActivationBytes(layout: Layout, placement: Placement): number[] {
  const { schedule, microBatches, chunks } = layout;
  const bytes = placement.stages.map((stage) => activationBytes(layout, stage));
  const devices = stagesOfDevices(layout, placement).length;
  if (schedule === "interleaved-1f1b" || schedule === "zb-v") {
    // It repeats itself once it is full, which takes less than four micro-batches a device.
    const { devices: lists } = generateSchedule(schedule, { devices, microBatches: Math.min(microBatches, 4 * devices), chunks });
    return lists.map((actions) => peakBytes(actions, bytes));
  }
  return bytes.map((each, device) => each * IN_FLIGHT[schedule](device, devices, microBatches));
}

function activationBytes(layout: Layout, stage: Stage): number {
  if (layout.logits !== "dropped") return total(stage, (unit) => unit.activationBytes);
  // One piece of time of logits, whose gradient by the hidden states is all that stays of the others.
  return total(stage, (unit) => (unit.vocabulary ? unit.activationBytes / layout.chunks : unit.activationBytes));
}

function peakBytes(actions: readonly Action[], stageBytes: readonly number[]): number {
  let [held, peak] = [0, 0];
  for (const { kind, stage } of actions) {
    if (kind === "F") peak = Math.max(peak, held += stageBytes[stage] ?? 0);
    if (kind === "W" || kind === "B") held -= stageBytes[stage] ?? 0;
  }
  return peak;
}
