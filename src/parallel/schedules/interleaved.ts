import { ScheduleError, type Action, type PipelineSchedule, type ScheduleSize } from "../schedule.ts";

/**
 * Interleaved 1F1B (Narayanan et al. 2021, section 2.2): device r holds the stages r, p + r, 2p + r and so on, and works
 * on micro-batches in groups of p, so that the pipeline fills v times as fast.
 */
export function interleaved({ devices, microBatches, chunks }: ScheduleSize): Omit<PipelineSchedule, "name"> {
  if (chunks > 1 && microBatches % devices !== 0) {
    throw new ScheduleError(`Interleaved 1F1B takes micro-batches in groups of one a device; ${microBatches} is no multiple of ${devices}. Choose one that is, or 1f1b.`);
  }
  const total = microBatches * chunks;
  const place = (device: number, order: number, reversed: boolean): Pick<Action, "stage" | "microBatch"> => {
    const group = Math.floor(order / (devices * chunks));
    const chunk = Math.floor(order / devices) % chunks;
    return {
      stage: (reversed ? chunks - 1 - chunk : chunk) * devices + device,
      microBatch: group * devices + (order % devices),
    };
  };
  const actionsOf = (device: number): Action[] => {
    const ahead = Math.min(total, chunks === 1 ? devices - device : (devices - device - 1) * 2 + (chunks - 1) * devices + 1);
    return Array.from({ length: total + ahead }, (_, at): Action[] => [
      ...(at >= ahead ? [{ kind: "B" as const, ...place(device, at - ahead, true) }] : []),
      ...(at < total ? [{ kind: "F" as const, ...place(device, at, false) }] : []),
    ]).flat();
  };
  return { stages: devices * chunks, microBatches, recurrent: false, devices: Array.from({ length: devices }, (_, device) => actionsOf(device)) };
}
