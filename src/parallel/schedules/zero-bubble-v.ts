import { ScheduleError, type Action, type Computation, type PipelineSchedule, type ScheduleSize } from "../schedule.ts";

/**
 * ZB-V (Qi et al. 2024, "Pipeline Parallelism with Controllable Memory", figure 3): two stages a device, laid out as a V, so that
 * device r holds the stages r and 2p - 1 - r and the last gradient begins where the first forward did. With equal costs
 * of forward and of either gradient no device ever waits, at the memory of 1F1B.
 */
export function zeroBubbleV({ devices, microBatches }: ScheduleSize): Omit<PipelineSchedule, "name"> {
  if (microBatches < 2 * devices - 1) {
    throw new ScheduleError(`ZB-V fills its V with at least 2 p - 1 micro-batches, ${2 * devices - 1} for ${devices} devices; received ${microBatches}.`);
  }
  return {
    stages: 2 * devices, microBatches, recurrent: false,
    devices: Array.from({ length: devices }, (_, device) => actionsOf(device, devices, microBatches)),
  };
}

function actionsOf(device: number, devices: number, microBatches: number): Action[] {
  const down = new Leg(device, microBatches);
  const up = new Leg(2 * devices - 1 - device, microBatches);
  const actions: Action[] = [];
  const push = (...next: (Action | undefined)[]): void => { actions.push(...next.filter((action) => action !== undefined)); };

  // The V fills: down until the first micro-batch is back, then both legs in turn.
  for (let at = 0; at < 2 * (devices - device) - 1; at++) push(down.next("F"));
  for (let at = 0; at < device; at++) push(up.next("F"), down.next("F"));
  for (let at = 0; at < devices - device; at++) push(up.next("F"), up.next("I"), up.next("W"));
  // Full: each leg's forward, gradient by inputs and by weights.
  while (up.has("F") || down.has("F")) {
    push(down.next("F"), down.next("I"), down.next("W"));
    push(up.next("F"), up.next("I"), up.next("W"));
  }
  // It empties: gradients by inputs first, those by weights where the device would wait.
  for (let at = 0; at < device; at++) push(down.next("I"), up.next("I"));
  for (let at = 0; at < devices - device; at++) push(down.next("I"), down.next("W"));
  while (up.has("W")) push(up.next("W"));
  while (down.has("W")) push(down.next("W"));
  return actions;
}

/** One stage's actions, each kind in the order of the micro-batches. */
class Leg {
  readonly #done: Record<Exclude<Computation, "B">, number> = { F: 0, I: 0, W: 0 };

  constructor(readonly stage: number, readonly microBatches: number) {}

  has(kind: Exclude<Computation, "B">): boolean {
    return this.#done[kind] < this.microBatches;
  }

  next(kind: Exclude<Computation, "B">): Action | undefined {
    return this.has(kind) ? { kind, stage: this.stage, microBatch: this.#done[kind]++ } : undefined;
  }
}
