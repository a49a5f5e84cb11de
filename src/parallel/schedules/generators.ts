import { ScheduleError, type Action, type PipelineSchedule, type ScheduleSize } from "../schedule.ts";
import { interleaved } from "./interleaved.ts";
import { zeroBubbleV } from "./zero-bubble-v.ts";

type Generator = (size: ScheduleSize) => Omit<PipelineSchedule, "name">;

const forward = (stage: number, microBatch: number): Action => ({ kind: "F", stage, microBatch });
const backward = (stage: number, microBatch: number): Action => ({ kind: "B", stage, microBatch });
const range = (length: number): number[] => Array.from({ length }, (_, at) => at);

function oneStageEach({ devices, microBatches }: ScheduleSize, actionsOf: (device: number) => Action[], recurrent = false): Omit<PipelineSchedule, "name"> {
  return { stages: devices, microBatches, devices: range(devices).map(actionsOf), recurrent };
}

/** One micro-batch after the other through all stages: what happens where a model is cut and nothing overlaps. */
const serial: Generator = (size) => oneStageEach(size, (stage) => (
  range(size.microBatches).flatMap((batch) => [forward(stage, batch), backward(stage, batch)])));

/** GPipe (Huang et al. 2019): all forward, then all backward. */
const gpipe: Generator = (size) => oneStageEach(size, (stage) => [
  ...range(size.microBatches).map((batch) => forward(stage, batch)),
  ...range(size.microBatches).map((batch) => backward(stage, batch)),
]);

/** One forward, one backward (PipeDream-Flush; Narayanan et al. 2021, figure 4): activations of at most p micro-batches. */
const oneForwardOneBackward: Generator = (size) => oneStageEach(size, (stage) => {
  const ahead = Math.min(size.devices - stage, size.microBatches);
  return range(size.microBatches + ahead).flatMap((at) => [
    ...(at >= ahead ? [backward(stage, at - ahead)] : []),
    ...(at < size.microBatches ? [forward(stage, at)] : []),
  ]);
});

/**
 * ZB-H1 (Qi et al. 2024, "Zero Bubble Pipeline Parallelism", section 2.1 and figure 3): 1F1B whose gradients by weights wait until the
 * stage would otherwise be idle; the memory of 1F1B's first device on every device.
 */
const zeroBubbleH1: Generator = (size) => oneStageEach(size, (stage) => {
  const { devices, microBatches } = size;
  const ahead = Math.min(devices - stage, microBatches);
  const started = range(ahead).map((batch) => forward(stage, batch));
  const rest = range(microBatches + stage).flatMap((at): Action[] => [
    ...(at < microBatches ? [{ kind: "I" as const, stage, microBatch: at }] : []),
    ...(at >= stage ? [{ kind: "W" as const, stage, microBatch: at - stage }] : []),
    ...(at + ahead < microBatches ? [forward(stage, at + ahead)] : []),
  ]);
  return [...started, ...rest];
});

/**
 * The layout of 2014 (Sutskever, Vinyals and Le 2014, section 3.5): each layer on its own device hands its state on as soon
 * as it has it, so that micro-batches are chunks of time; gradients run back the way they came.
 */
const wavefront: Generator = (size) => oneStageEach(size, (stage) => [
  ...range(size.microBatches).map((chunk) => forward(stage, chunk)),
  ...range(size.microBatches).reverse().map((chunk) => backward(stage, chunk)),
], true);

const SCHEDULES = {
  "none": { generate: serial, bubble: ({ devices }) => devices - 1 },
  "gpipe": { generate: gpipe, bubble: ({ devices, microBatches }) => (devices - 1) / microBatches },
  "1f1b": { generate: oneForwardOneBackward, bubble: ({ devices, microBatches }) => (devices - 1) / microBatches },
  "interleaved-1f1b": { generate: interleaved, bubble: ({ devices, microBatches, chunks }) => (devices - 1) / (microBatches * chunks) },
  "zb-h1": { generate: zeroBubbleH1, bubble: ({ devices, microBatches }) => (microBatches < devices ? undefined : (devices - 1) / (3 * microBatches)) },
  "zb-v": { generate: zeroBubbleV, bubble: () => 0 },
  "wavefront-2014": { generate: wavefront, bubble: ({ devices, microBatches }) => (devices - 1) / microBatches },
} as const satisfies Record<string, {
  readonly generate: Generator;
  readonly bubble: (size: ScheduleSize) => number | undefined;
}>;

export type ScheduleName = keyof typeof SCHEDULES;

export const scheduleNames = Object.keys(SCHEDULES) as readonly ScheduleName[];

export function isScheduleName(name: string): name is ScheduleName {
  return Object.hasOwn(SCHEDULES, name);
}

/** Stages times micro-batches; the actions of more do not fit in memory. */
export const MOST_FORWARDS = 10_000_000;

/** Throws where a schedule cannot be made at this size. */
export function generateSchedule(name: ScheduleName, size: ScheduleSize): PipelineSchedule {
  for (const [what, value] of Object.entries({ devices: size.devices, "micro-batches": size.microBatches, chunks: size.chunks })) {
    if (!Number.isInteger(value) || value < 1) throw new ScheduleError(`A schedule needs a whole number of ${what}, at least 1; received ${value}.`);
  }
  const stages = stagesOf(name, size);
  if (stages * size.microBatches > MOST_FORWARDS) {
    throw new ScheduleError(`A schedule of ${stages} ${stages === 1 ? "stage" : "stages"} and ${size.microBatches} micro-batches is too long: the one times the other is to be at most ${MOST_FORWARDS}; choose fewer micro-batches.`);
  }
  return { name, ...SCHEDULES[name].generate(size) };
}

function stagesOf(name: ScheduleName, { devices, chunks }: ScheduleSize): number {
  if (name === "zb-v") return 2 * devices;
  return name === "interleaved-1f1b" ? chunks * devices : devices;
}

/**
 * Idle time over computation by the schedule's closed form, where forward and either gradient take as long; undefined where
 * there is none, as of ZB-H1 with fewer micro-batches than devices.
 */
export function scheduleBubble(name: ScheduleName, size: ScheduleSize): number | undefined {
  return SCHEDULES[name].bubble(size);
}
