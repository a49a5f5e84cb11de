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

/** Actions of a micro-batch that must be over before this one can begin. */
export function prerequisites({ kind, stage, microBatch }: Action, { stages, microBatches, recurrent }: PipelineSchedule): readonly Action[][] {
  const gradientOf = (atStage: number, atBatch: number): Action[] => [
    { kind: "I", stage: atStage, microBatch: atBatch }, { kind: "B", stage: atStage, microBatch: atBatch },
  ];
  const forward = (atStage: number, atBatch: number): Action[] => [{ kind: "F", stage: atStage, microBatch: atBatch }];
  switch (kind) {
    case "F":
      return [
        ...(stage > 0 ? [forward(stage - 1, microBatch)] : []),
        ...(recurrent && microBatch > 0 ? [forward(stage, microBatch - 1)] : []),
      ];
    case "I":
    case "B":
      return [
        forward(stage, microBatch),
        ...(stage < stages - 1 ? [gradientOf(stage + 1, microBatch)] : []),
        ...(recurrent && microBatch < microBatches - 1 ? [gradientOf(stage, microBatch + 1)] : []),
      ];
    case "W":
      return [[{ kind: "I", stage, microBatch }]];
    case "SEND_F":
      return [forward(stage, microBatch)];
    case "SEND_B":
      return [gradientOf(stage, microBatch)];
    case "RECV_F":
      return [[{ kind: "SEND_F", stage: stage - 1, microBatch }]];
    case "RECV_B":
      return [[{ kind: "SEND_B", stage: stage + 1, microBatch }]];
    default:
      return kind satisfies never;
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
