import { withCommunication } from "./communication.ts";
import { formatAction, isComputation, ScheduleError, stageDevices, type Action, type Computation, type PipelineSchedule } from "./schedule.ts";
import { playSchedule, type Timeline } from "./timeline.ts";

const COMPUTATIONS: readonly Computation[] = ["F", "B", "I", "W"];

/**
 * Proves that a schedule does everything once, and ends. Throws a sentence about the first thing that is wrong: a stage
 * on two devices, an action that is missing, doubled or out of range, a message without its counterpart, devices
 * that wait for each other for ever. Gives its timeline at equal costs, with the activations that it holds.
 */
export function validateSchedule(schedule: PipelineSchedule): Timeline {
  stageDevices(schedule);
  requireInRange(schedule);
  requireComplete(schedule);
  if (schedule.devices.some((actions) => actions.some((action) => !isComputation(action)))) requireMessages(schedule);
  return playSchedule(schedule);
}

function requireInRange({ devices, microBatches }: PipelineSchedule): void {
  devices.forEach((actions, device) => {
    const strange = actions.find(({ microBatch }) => microBatch < 0 || microBatch >= microBatches);
    if (strange !== undefined) {
      throw new ScheduleError(`Device ${device} does ${formatAction(strange)}; the schedule has ${microBatches} micro-batches, counted from 0.`);
    }
  });
}

function requireComplete({ name, devices, stages, microBatches }: PipelineSchedule): void {
  const none = (): Uint32Array => new Uint32Array(stages * microBatches);
  const counts: Readonly<Record<Computation, Uint32Array>> = { F: none(), B: none(), I: none(), W: none() };
  for (const action of devices.flat()) {
    if (!isComputation(action)) continue;
    const [ofKind, at] = [counts[action.kind], action.stage * microBatches + action.microBatch];
    ofKind[at] = (ofKind[at] ?? 0) + 1;
  }
  for (let stage = 0; stage < stages; stage++) {
    for (let microBatch = 0; microBatch < microBatches; microBatch++) {
      const times = (kind: Computation): number => counts[kind][stage * microBatches + microBatch] ?? 0;
      const whole = times("B") > 0;
      for (const kind of COMPUTATIONS) {
        const expected = kind === "F" || whole === (kind === "B") ? 1 : 0;
        if (times(kind) === expected) continue;
        const action = formatAction({ kind, stage, microBatch });
        throw new ScheduleError(times(kind) < expected
          ? `The schedule "${name}" lacks ${action}.`
          : `The schedule "${name}" does ${action} ${times(kind)} times${expected === 0 ? `, beside ${formatAction({ kind: "B", stage, microBatch })}` : ""}.`);
      }
    }
  }
}

/** Messages are those that the computations need, each once, received before the computation and on its device. */
function requireMessages(schedule: PipelineSchedule): void {
  const needed = withCommunication(schedule);
  schedule.devices.forEach((actions, device) => {
    const given = countActions(actions.filter((action) => !isComputation(action)));
    const wanted = new Set((needed.devices[device] ?? []).filter((action) => !isComputation(action)).map(formatAction));
    for (const action of wanted) {
      if (given.get(action) !== 1) throw new ScheduleError(`Device ${device} does ${action} ${given.get(action) ?? 0} times; once is needed.`);
    }
    const extra = [...given.keys()].find((action) => !wanted.has(action));
    if (extra !== undefined) throw new ScheduleError(`Device ${device} does ${extra}, which crosses no border between devices.`);
    const seen = new Set<string>();
    for (const action of actions) {
      const received = action.kind === "F" ? "RECV_F" : action.kind === "I" || action.kind === "B" ? "RECV_B" : undefined;
      const message = received && formatAction({ ...action, kind: received });
      if (message !== undefined && wanted.has(message) && !seen.has(message)) {
        throw new ScheduleError(`Device ${device} does ${formatAction(action)} before ${message}.`);
      }
      seen.add(formatAction(action));
    }
  });
}

function countActions(actions: readonly Action[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const action of actions) counts.set(formatAction(action), (counts.get(formatAction(action)) ?? 0) + 1);
  return counts;
}
