import type { CostProfile } from "../cost-profile.ts";
import { ScheduleError } from "../schedule.ts";
import type { Costs, TimedAction } from "../schedule-player.ts";
import { generateSchedule, MOST_FORWARDS } from "../schedules/generators.ts";
import { playSchedule, type Timeline } from "../timeline.ts";
import { slowdowns } from "./contention.ts";
import { devicesOf, devicesOfReplica, isWavefront, type Layout } from "./layout.ts";
import { memoryOf, pipelineMemory, stagesOfDevices, type DeviceMemory } from "./memory.ts";
import { place, total, workOf, type Placement } from "./placement.ts";
import { stageCosts } from "./stage-costs.ts";

/** Gradients are reduced, and weights gathered, in pieces of this size. */
const BUCKET_BYTES = 25 * 2 ** 20;

/** One device of a replica. */
export interface SimulatedDevice {
  readonly units: readonly string[];
  /** Devices that are exactly like it: the shards of a vocabulary. */
  readonly copies: number;
  readonly actions: readonly TimedAction[];
  readonly memory: DeviceMemory;
  /** Seconds of one step: when its last gradient is there, when it is reduced, when the update begins and ends, when the weights are gathered. */
  readonly computed: number;
  readonly reduced: number;
  readonly updateBegins: number;
  readonly updated: number;
  readonly gathered: number;
}

/** What a layout makes of a model: one optimiser step of it, in seconds and bytes. */
export interface Simulation {
  readonly layout: Layout;
  readonly placement: Placement;
  /** Of one replica; the others are like it. */
  readonly devices: readonly SimulatedDevice[];
  readonly stepSeconds: number;
  /** Idle time over computation in the pipeline, on the device that is at work longest. */
  readonly bubble: number;
  /** Of the device that needs most. */
  readonly peakMemoryBytes: number;
  readonly tokensPerSecond: number;
  /** Over one device that does the same micro-batches one after another. */
  readonly speedup: number;
}

/**
 * Plays one optimiser step of a layout. Each replica passes its micro-batches through its pipeline; a device whose
 * last gradient is there reduces and scatters its gradients among the replicas; when the norm of all gradients is known,
 * each replica updates its part of the weights (ZeRO-1) and all gather the whole.
 * @throws ScheduleError where the model or its micro-batches cannot be laid out so
 */
export function simulate(profile: CostProfile, layout: Layout): Simulation {
  checkLayout(layout);
  const placement = place(profile, layout);
  const timeline = playPipeline(profile, layout, placement);
  const batches = isWavefront(layout) ? layout.microBatches : 1; // of a wavefront, which has left every device when the next one begins
  const batchSeconds = Math.max(...timeline.devices.map(lastEnd));
  const memory = pipelineMemory(profile, layout, placement);
  const { replicas, microBatches } = layout;
  const devicesInAll = devicesOf(layout);
  const updateSlowdown = devicesInAll === 1 ? 1 : 1 + (profile.contention ?? 0); // all update at once
  const parts = stagesOfDevices(layout, placement).map((held, device) => {
    const stage = held.flatMap((at) => placement.stages[at] ?? []);
    const computed = (batches - 1) * batchSeconds + lastEnd(timeline.devices[device] ?? []);
    const exchange = ringSeconds(profile, total(stage, (unit) => unit.parameterBytes), replicas);
    return { stage, computed, exchange, update: updateSlowdown * total(stage, (unit) => unit.update) / replicas };
  });
  // The norm of the gradients, by which they are clipped, is one number that goes through all devices.
  const norm = devicesInAll === 1 ? 0 : 2 * Math.ceil(Math.log2(devicesInAll)) * profile.link.latency;
  const updateBegins = Math.max(...parts.map(({ computed, exchange }) => computed + exchange)) + norm;
  const devices = parts.map(({ stage, computed, exchange, update }, device): SimulatedDevice => ({
    units: stage.map(({ unit, part }) => (part === 1 ? unit.name : `${(100 * part).toFixed(1)} % of ${unit.name}`)),
    copies: copiesOf(layout, placement, device),
    get actions() { return repeated(timeline.devices[device] ?? [], batches, batchSeconds); }, // where somebody looks: they may be millions
    memory: memory[device] ?? NO_MEMORY,
    computed, reduced: computed + exchange, updateBegins, updated: updateBegins + update, gathered: updateBegins + update + exchange,
  }));
  const stepSeconds = Math.max(...devices.map(({ gathered }) => gathered));
  return {
    layout, placement, devices, stepSeconds, bubble: timeline.bubble,
    peakMemoryBytes: Math.max(...memory.map(memoryOf)),
    tokensPerSecond: replicas * microBatches * profile.microBatch.tokens / stepSeconds,
    speedup: oneDeviceSeconds(profile, replicas * microBatches) / stepSeconds,
  };
}

/** A step of one device, which does all micro-batches one after another. */
export function oneDeviceSeconds({ units }: CostProfile, microBatches: number): number {
  return units.reduce((sum, unit) => sum + microBatches * workOf(unit) + unit.update, 0);
}

/** Half of an all-reduce around a ring, reduce-scatter or all-gather: each replica sends all but its own part, in as many messages a bucket. */
export function ringSeconds({ link }: CostProfile, bytes: number, replicas: number): number {
  return (replicas - 1) * (bytes / replicas / link.bandwidth + Math.ceil(bytes / BUCKET_BYTES) * link.latency);
}

/** Whether a wavefront's step has more pieces than can be played. */
export function isTooLong(layout: Layout): boolean {
  return isWavefront(layout) && devicesOfReplica(layout) * layout.chunks * layout.microBatches > MOST_FORWARDS;
}

/** Throws where a layout is none. */
export function checkLayout(layout: Layout): void {
  const { replicas, microBatches, vocabulary, schedule, chunks } = layout;
  if (!Number.isInteger(microBatches) || microBatches < 1) {
    throw new ScheduleError(`${replicas} replicas do not share ${Math.round(replicas * microBatches)} micro-batches a step; choose a number of replicas that divides them.`);
  }
  if (isTooLong(layout)) {
    throw new ScheduleError(`A step of ${microBatches} micro-batches is too long for a wavefront of ${chunks} pieces to be played; choose fewer.`);
  }
  if (vocabulary > 1 && (schedule === "interleaved-1f1b" || schedule === "zb-v")) {
    throw new ScheduleError(`The schedule ${schedule} has several stages on a device and no place for a vocabulary on others; choose 1f1b or zb-h1.`);
  }
  if (layout.logits === "dropped" && !isWavefront(layout)) {
    throw new ScheduleError(`Only a wavefront drops its logits; with the schedule ${schedule} they live from one micro-batch's forward to its gradient.`);
  }
}

/** Devices of a replica that are exactly like one of its pipeline: the shards of a vocabulary. */
function copiesOf(layout: Layout, { share }: Placement, device: number): number {
  return share !== undefined && device === layout.stages ? layout.vocabulary - 1 : 1;
}

/** Of a pipeline's step all micro-batches, of a wavefront's one. */
function playPipeline(profile: CostProfile, layout: Layout, placement: Placement): Timeline {
  const { schedule, chunks, microBatches } = layout;
  const devices = layout.stages + (placement.share === undefined ? 0 : 1);
  const size = isWavefront(layout) ? { devices, microBatches: chunks, chunks: 1 } : { devices, microBatches, chunks };
  const actions = generateSchedule(schedule, size);
  return playContended(profile, layout, placement, (costs) => playSchedule(actions, costs));
}

/** Plays once as if devices did not slow each other down, and then as slow as those are that compute at the same time. */
function playContended(profile: CostProfile, layout: Layout, placement: Placement, play: (costs: Costs) => Timeline): Timeline {
  const free = play(stageCosts(profile, layout, placement));
  const { contention = 0 } = profile;
  if (contention === 0 || devicesOf(layout) === 1) return free;
  const slow = slowdowns(free, free.devices.map((_, device) => copiesOf(layout, placement, device)), layout.replicas, contention);
  const held = stagesOfDevices(layout, placement);
  return play(stageCosts(profile, layout, placement, (stage) => slow[held.findIndex((stages) => stages.includes(stage))] ?? 1));
}

function lastEnd(actions: readonly TimedAction[]): number {
  return actions.at(-1)?.end ?? 0;
}

/** The same again and again, so many seconds apart. */
function repeated(actions: readonly TimedAction[], times: number, apart: number): readonly TimedAction[] {
  if (times === 1) return actions;
  return Array.from({ length: times }, (_, time) => actions.map((action) => ({ ...action, start: action.start + time * apart, end: action.end + time * apart }))).flat();
}

const NO_MEMORY: DeviceMemory = { weights: 0, gradients: 0, moments: 0, activations: 0, received: 0 };
