/**
 * What a device does with one micro-batch at one stage:
 * `F` forward, `I` gradient by the stage's input, `W` gradient by its weights, `B` both gradients at once.
 */
export type Computation = "F" | "I" | "W" | "B";

/** What crosses the border between two stages on different devices: activations forward, their gradients backward. */
export type Communication = "SEND_F" | "RECV_F" | "SEND_B" | "RECV_B";

export interface Action {
  readonly kind: Computation | Communication;
  /** The stage whose computation it is, or whose activations or input gradients are sent or received. */
  readonly stage: number;
  readonly microBatch: number;
}

/** Who does what in which order, for one optimiser step. */
export interface PipelineSchedule {
  readonly name: string;
  readonly stages: number;
  readonly microBatches: number;
  /** One list a device; a device may hold several stages. */
  readonly devices: readonly (readonly Action[])[];
  /**
   * Whether the micro-batches are chunks of time of one batch, whose states are handed from chunk to chunk: chunk t waits
   * for chunk t - 1, and its gradients for those of chunk t + 1.
   */
  readonly recurrent: boolean;
}

export interface ScheduleSize {
  /** Devices, each with one stage, or with `chunks` of them. */
  readonly devices: number;
  readonly microBatches: number;
  /** Stages of each device, of a schedule that cuts the model finer. */
  readonly chunks: number;
}

export class ScheduleError extends Error {
  override readonly name = "ScheduleError";
}

/** `2I0`: stage, action, micro-batch, as torchtitan and torch.distributed.pipelining write them. */
export function formatAction({ stage, kind, microBatch }: Action): string {
  return `${stage}${kind}${microBatch}`;
}

export function isComputation(action: Action): action is Action & { readonly kind: Computation } {
  return action.kind.length === 1;
}

/**
 * Visits what must be over before an action can begin; `I` there stands for the gradient by a stage's input, whether the
 * schedule takes it alone (`I`) or with the other (`B`).
 */
export function eachPrerequisite(
  { kind, stage, microBatch }: Action, { stages, microBatches, recurrent }: PipelineSchedule,
  visit: (kind: "F" | "I" | "SEND_F" | "SEND_B", stage: number, microBatch: number) => void,
): void {
  switch (kind) {
    case "F":
      if (stage > 0) visit("F", stage - 1, microBatch);
      if (recurrent && microBatch > 0) visit("F", stage, microBatch - 1);
      return;
    case "I":
    case "B":
      visit("F", stage, microBatch);
      if (stage < stages - 1) visit("I", stage + 1, microBatch);
      if (recurrent && microBatch < microBatches - 1) visit("I", stage, microBatch + 1);
      return;
    case "W":
      visit("I", stage, microBatch);
      return;
    case "SEND_F":
      visit("F", stage, microBatch);
      return;
    case "SEND_B":
      visit("I", stage, microBatch);
      return;
    case "RECV_F":
      visit("SEND_F", stage - 1, microBatch);
      return;
    case "RECV_B":
      visit("SEND_B", stage + 1, microBatch);
      return;
    default:
      kind satisfies never;
  }
}

/** The device of each stage. Throws where a stage has none, or several. */
export function stageDevices({ stages, devices }: PipelineSchedule): number[] {
  const places = Array.from({ length: stages }, () => new Set<number>());
  devices.forEach((actions, device) => {
    for (const { stage } of actions) {
      const place = places[stage];
      if (place === undefined) throw new ScheduleError(`Device ${device} works on stage ${stage}; the schedule has ${stages}, counted from 0.`);
      place.add(device);
    }
  });
  return places.map((place, stage) => {
    const [device, second] = place;
    if (device === undefined) throw new ScheduleError(`No device works on stage ${stage}.`);
    if (second !== undefined) throw new ScheduleError(`Devices ${device} and ${second} both work on stage ${stage}; a stage's weights lie on one device.`);
    return device;
  });
}
