import { eachPrerequisite, formatAction, isComputation, ScheduleError, stageDevices, type Action, type Computation, type PipelineSchedule } from "./schedule.ts";

/** What actions take, in one unit of time for all. */
export interface Costs {
  computation(kind: Computation, stage: number, microBatch: number): number;
  /** From one device to another over a free link, from the sender's end of computation to the receiver's start. */
  transfer(kind: "F" | "B", stage: number, microBatch: number): number;
  /** How long a message keeps its link busy, so that the next one the same way waits; not at all unless given. */
  occupancy?(kind: "F" | "B", stage: number, microBatch: number): number;
}

export interface TimedAction extends Action {
  readonly start: number;
  readonly end: number;
}

type Needed = "F" | "I" | "SEND_F" | "SEND_B";

/** Gives each action of a schedule its time: as soon as its device is free and all that it rests on is there. */
export class SchedulePlayer {
  /** What has been played, a list a device. */
  readonly timed: TimedAction[][];
  readonly #deviceOf: readonly number[];
  /** Devices with a stage next to one of a device's, which may wait for it. */
  readonly #neighbours: readonly (readonly number[])[];
  /** Whether messages are actions of their own, which take the time; else a border is crossed between two computations. */
  readonly #explicit: boolean;
  readonly #forward: Way;
  readonly #backward: Way;
  /** When the action that is looked at can start, and its stage. */
  #ready = 0;
  #at = 0;

  constructor(readonly schedule: PipelineSchedule, readonly costs: Costs) {
    const { stages, microBatches, devices } = schedule;
    const deviceOf = stageDevices(schedule);
    this.#deviceOf = deviceOf;
    const neighbours = devices.map(() => new Set<number>());
    for (let stage = 1; stage < stages; stage++) {
      const [one = 0, other = 0] = [deviceOf[stage - 1], deviceOf[stage]];
      if (one !== other) neighbours[one]?.add(other);
      if (one !== other) neighbours[other]?.add(one);
    }
    this.#neighbours = neighbours.map((set) => [...set]);
    this.#explicit = devices.some((actions) => actions.some((action) => !isComputation(action)));
    this.#forward = new Way(stages, microBatches);
    this.#backward = new Way(stages, microBatches);
    this.timed = devices.map(() => []);
  }

  /**
   * A device goes on until it must wait; once it has moved, those that may have waited for it are looked at again. Throws
   * where devices wait for each other for ever.
   */
  play(): void {
    const queue = [...this.schedule.devices.keys()];
    const queued = new Uint8Array(queue.length).fill(1);
    for (let at = 0; at < queue.length; at++) {
      const device = queue[at] ?? 0;
      queued[device] = 0;
      if (!this.#advance(device)) continue;
      for (const neighbour of this.#neighbours[device] ?? []) {
        if (queued[neighbour] === 0) queue.push(neighbour);
        queued[neighbour] = 1;
      }
    }
    const stuck = [...this.schedule.devices.keys()].filter((device) => this.#next(device) !== undefined);
    if (stuck.length > 0) throw new ScheduleError(`The schedule "${this.schedule.name}" never ends: ${stuck.slice(0, 4).map((device) => this.#describeWait(device)).join("; ")}.`);
  }

  #next(device: number): Action | undefined {
    return this.schedule.devices[device]?.[this.timed[device]?.length ?? 0];
  }

  #advance(device: number): boolean {
    const actions = this.schedule.devices[device] ?? [];
    const done = this.timed[device] ?? [];
    const before = done.length;
    const last = done.at(-1);
    let free = last === undefined ? 0 : isSend(last) ? last.start : last.end;
    for (let action = actions[before]; action !== undefined; action = actions[done.length]) {
      [this.#ready, this.#at] = [free, action.stage];
      eachPrerequisite(action, this.schedule, this.#wait);
      const start = this.#ready;
      if (Number.isNaN(start)) break;
      const end = this.#finish(action, start);
      done.push({ kind: action.kind, stage: action.stage, microBatch: action.microBatch, start, end });
      free = isSend(action) ? start : end; // a send goes on beside what follows
    }
    return done.length > before;
  }

  /** NaN, of what is not over yet, stays. */
  readonly #wait = (kind: Needed, stage: number, microBatch: number): void => {
    this.#ready = Math.max(this.#ready, this.#available(kind, stage, microBatch));
  };

  #available(kind: Needed, stage: number, microBatch: number): number {
    const crosses = !this.#explicit && this.#deviceOf[stage] !== this.#deviceOf[this.#at];
    switch (kind) {
      case "F":
        return crosses ? this.#forward.arrival(stage, microBatch) : this.#forward.end(stage, microBatch);
      case "I":
        return crosses ? this.#backward.arrival(stage, microBatch) : this.#backward.end(stage, microBatch);
      case "SEND_F":
        return this.#forward.arrival(stage, microBatch);
      case "SEND_B":
        return this.#backward.arrival(stage, microBatch);
      default:
        return kind satisfies never;
    }
  }

  /** Takes down when the action is over, and when its result is where it is needed. */
  #finish({ kind, stage, microBatch }: Action, start: number): number {
    switch (kind) {
      case "F":
      case "I":
      case "B": {
        const way = kind === "F" ? this.#forward : this.#backward;
        const end = start + this.costs.computation(kind, stage, microBatch);
        way.finish(stage, microBatch, end);
        const next = this.#deviceOf[kind === "F" ? stage + 1 : stage - 1];
        if (!this.#explicit && next !== undefined && next !== this.#deviceOf[stage]) this.#send(kind === "F" ? "F" : "B", stage, microBatch, end);
        return end;
      }
      case "W":
        return start + this.costs.computation(kind, stage, microBatch);
      case "SEND_F":
        return this.#send("F", stage, microBatch, start);
      case "SEND_B":
        return this.#send("B", stage, microBatch, start);
      case "RECV_F":
      case "RECV_B":
        return start;
      default:
        return kind satisfies never;
    }
  }

  #send(kind: "F" | "B", stage: number, microBatch: number, from: number): number {
    const way = kind === "F" ? this.#forward : this.#backward;
    const arrival = from + this.costs.transfer(kind, stage, microBatch);
    const busy = this.costs.occupancy?.(kind, stage, microBatch) ?? 0;
    return way.send(stage, microBatch, arrival, busy);
  }

  #describeWait(device: number): string {
    const action = this.#next(device);
    if (action === undefined) return "";
    this.#at = action.stage;
    const missing: string[] = [];
    eachPrerequisite(action, this.schedule, (kind, stage, microBatch) => {
      if (!Number.isNaN(this.#available(kind, stage, microBatch))) return;
      const name = formatAction({ kind, stage, microBatch });
      missing.push(kind === "I" ? `${name} or ${formatAction({ kind: "B", stage, microBatch })}` : name);
    });
    return `device ${device} waits with ${formatAction(action)} for ${missing[0] ?? "nothing"}`;
  }
}

/** Results of one direction: when each stage had that of a micro-batch, and when it was at the stage that is next. NaN before. */
class Way {
  readonly #microBatches: number;
  readonly #ends: Float64Array;
  readonly #arrivals: Float64Array;
  /** When the last message of a stage arrived. */
  readonly #last: Float64Array;

  constructor(stages: number, microBatches: number) {
    this.#microBatches = microBatches;
    this.#ends = new Float64Array(stages * microBatches).fill(NaN);
    this.#arrivals = new Float64Array(stages * microBatches).fill(NaN);
    this.#last = new Float64Array(stages).fill(-Infinity);
  }

  end(stage: number, microBatch: number): number {
    return this.#ends[stage * this.#microBatches + microBatch] ?? NaN;
  }

  arrival(stage: number, microBatch: number): number {
    return this.#arrivals[stage * this.#microBatches + microBatch] ?? NaN;
  }

  finish(stage: number, microBatch: number, end: number): void {
    this.#ends[stage * this.#microBatches + microBatch] = end;
  }

  /** @returns when the message arrives: behind the last one, by as long as it keeps the link busy */
  send(stage: number, microBatch: number, arrival: number, busy: number): number {
    const late = busy > 0 ? Math.max(arrival, (this.#last[stage] ?? 0) + busy) : arrival;
    this.#last[stage] = late;
    this.#arrivals[stage * this.#microBatches + microBatch] = late;
    return late;
  }
}

function isSend({ kind }: Action): boolean {
  return kind === "SEND_F" || kind === "SEND_B";
}
