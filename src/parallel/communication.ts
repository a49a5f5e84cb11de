import { isComputation, stageDevices, type Action, type PipelineSchedule } from "./schedule.ts";

/**
 * Adds to a schedule of computations what crosses between devices: a computation's result is sent at once, and received
 * just before it is needed.
 */
export function withCommunication(schedule: PipelineSchedule): PipelineSchedule {
  const deviceOf = stageDevices(schedule);
  const crosses = (from: number, to: number): boolean => to >= 0 && to < schedule.stages && deviceOf[from] !== deviceOf[to];
  const around = (action: Action): Action[] => {
    const { kind, stage, microBatch } = action;
    const message = (what: "SEND_F" | "RECV_F" | "SEND_B" | "RECV_B"): Action => ({ kind: what, stage, microBatch });
    switch (kind) {
      case "F":
        return [
          ...(crosses(stage, stage - 1) ? [message("RECV_F")] : []), action,
          ...(crosses(stage, stage + 1) ? [message("SEND_F")] : []),
        ];
      case "I":
      case "B":
        return [
          ...(crosses(stage, stage + 1) ? [message("RECV_B")] : []), action,
          ...(crosses(stage, stage - 1) ? [message("SEND_B")] : []),
        ];
      default:
        return [action];
    }
  };
  return { ...schedule, devices: schedule.devices.map((actions) => actions.filter(isComputation).flatMap(around)) };
}
