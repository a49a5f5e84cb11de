import { formatAction, isComputation, prerequisites, ScheduleError, stageDevices, type Action, type Communication, type Computation, type PipelineSchedule } from "./schedule.ts";

/** What actions take, in one unit of time for all. */
export interface Costs {
  computation(kind: Computation, stage: number): number;
  /** From one device to another, from the sender's end of computation to the receiver's start. */
  transfer(kind: "F" | "B", stage: number): number;
}

/** Every stage alike: forward, input gradient and weight gradient one unit each, transfers nothing. */
export const EQUAL_COSTS: Costs = { computation: (kind) => (kind === "B" ? 2 : 1), transfer: () => 0 };

export interface TimedAction extends Action {
  readonly start: number;
  readonly end: number;
}

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
  const deviceOf = stageDevices(schedule);
  const ends = new Map<string, number>();
  const timed: TimedAction[][] = schedule.devices.map(() => []);
  const free = schedule.devices.map(() => 0);
  const isPending = (device: number): boolean => (timed[device]?.length ?? 0) < (schedule.devices[device]?.length ?? 0);
  const next = (device: number): Action | undefined => schedule.devices[device]?.[timed[device]?.length ?? 0];
  // Messages of their own, where a schedule has them, take the time; else a border is crossed between two computations.
  const explicit = schedule.devices.some((actions) => actions.some((action) => !isComputation(action)));
  const arrival = (needed: readonly Action[], action: Action): number | undefined => {
    for (const choice of needed) {
      const end = ends.get(formatAction(choice));
      if (end === undefined) continue;
      const crosses = !explicit && deviceOf[choice.stage] !== deviceOf[action.stage];
      return crosses ? end + costs.transfer(choice.kind === "F" ? "F" : "B", choice.stage) : end;
    }
    return undefined;
  };
  const begin = (device: number, action: Action): number | undefined => {
    let start = free[device] ?? 0;
    for (const needed of prerequisites(action, schedule)) {
      const ready = arrival(needed, action);
      if (ready === undefined) return undefined;
      start = Math.max(start, ready);
    }
    return start;
  };
  for (let moved = true; moved;) {
    moved = false;
    for (const device of schedule.devices.keys()) {
      for (let action = next(device); action !== undefined; action = next(device)) {
        const start = begin(device, action);
        if (start === undefined) break;
        const end = start + duration(action, costs);
        timed[device]?.push({ ...action, start, end });
        ends.set(formatAction(action), end);
        free[device] = action.kind === "SEND_F" || action.kind === "SEND_B" ? start : end; // a send goes on beside what follows
        moved = true;
      }
    }
  }
  const stuck = [...schedule.devices.keys()].filter(isPending);
  if (stuck.length > 0) throw new ScheduleError(describeDeadlock(schedule, stuck.map((device) => ({ device, action: next(device) })), ends));
  return measure(timed);
}

function duration(action: Action, costs: Costs): number {
  if (isComputation(action)) return costs.computation(action.kind, action.stage);
  const sends: Partial<Record<Communication, "F" | "B">> = { SEND_F: "F", SEND_B: "B" };
  const what = sends[action.kind as Communication];
  return what === undefined ? 0 : costs.transfer(what, action.stage);
}

function describeDeadlock(schedule: PipelineSchedule, waiting: readonly { device: number; action: Action | undefined }[], ends: ReadonlyMap<string, number>): string {
  const parts = waiting.slice(0, 4).flatMap(({ device, action }) => {
    if (action === undefined) return [];
    const missing = prerequisites(action, schedule).find((needed) => needed.every((choice) => !ends.has(formatAction(choice))));
    return [`device ${device} waits with ${formatAction(action)} for ${missing?.map(formatAction).join(" or ") ?? "nothing"}`];
  });
  return `The schedule "${schedule.name}" never ends: ${parts.join("; ")}.`;
}

function measure(devices: readonly (readonly TimedAction[])[]): Timeline {
  const computations = devices.map((actions) => actions.filter(isComputation));
  const spans = computations.map((actions) => (actions.at(-1)?.end ?? 0) - (actions[0]?.start ?? 0));
  const works = computations.map((actions) => actions.reduce((sum, { start, end }) => sum + end - start, 0));
  const longest = spans.indexOf(Math.max(...spans));
  const [span, work] = [spans[longest] ?? 0, works[longest] ?? 0];
  return { devices, span, bubble: work === 0 ? 0 : (span - work) / work, peakActivations: computations.map(peakOf) };
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
