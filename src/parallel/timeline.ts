import { isComputation, type Action, type PipelineSchedule } from "./schedule.ts";
import { SchedulePlayer, type Costs, type TimedAction } from "./schedule-player.ts";

/** Every stage alike: forward, input gradient and weight gradient one unit each, transfers nothing. */
export const EQUAL_COSTS: Costs = { computation: (kind) => (kind === "B" ? 2 : 1), transfer: () => 0 };

export interface Timeline {
  readonly devices: readonly (readonly TimedAction[])[];
  /** The longest time that one device is busy or waiting between its first action and its last. */
  readonly span: number;
  /** Idle time of that device, as a share of its computation: 0 where it never waits. */
  readonly bubble: number;
  /** Micro-batches whose activations a device holds at once, at most: from a stage's forward to its last gradient. */
  readonly peakActivations: readonly number[];
}

/**
 * Plays a schedule: each device does its list in order, and an action begins when what it rests on is over. Sends are
 * buffered. Throws where the devices wait for each other for ever.
 */
export function playSchedule(schedule: PipelineSchedule, costs: Costs = EQUAL_COSTS): Timeline {
  const player = new SchedulePlayer(schedule, costs);
  player.play();
  return measure(player.timed);
}

function measure(devices: readonly (readonly TimedAction[])[]): Timeline {
  const computations = devices.map((actions) => actions.filter(isComputation));
  const spans = computations.map((actions) => (actions.at(-1)?.end ?? 0) - (actions[0]?.start ?? 0));
  const works = computations.map((actions) => actions.reduce((sum, { start, end }) => sum + end - start, 0));
  const span = spans.reduce((longest, each) => Math.max(longest, each), 0);
  const work = works[spans.indexOf(span)] ?? 0;
  return { devices, span, bubble: work === 0 ? 0 : Math.max(0, span - work) / work, peakActivations: computations.map(peakOf) };
}

/** A device's actions are in order, so that counting needs no clock. */
function peakOf(actions: readonly Action[]): number {
  let [held, peak] = [0, 0];
  for (const { kind } of actions) {
    if (kind === "F") peak = Math.max(peak, ++held);
    if (kind === "W" || kind === "B") held--;
  }
  return peak;
}
