import { ganttChart, type GanttBar } from "../../plot/gantt-chart.ts";
import type { Chart } from "../../plot/chart.ts";
import type { TimedAction } from "../schedule-player.ts";
import { isWavefront } from "./layout.ts";
import type { SimulatedDevice, Simulation } from "./simulate.ts";

const KIND = { F: "forward", B: "gradients", I: "gradient by input", W: "gradient by weights", communication: "communication", update: "update" } as const;

/** Rows of a chart, at most: more than that nobody tells apart. */
const MOST_ROWS = 64;

/**
 * One step of a layout as a Gantt chart: a row for each device of one replica, with the numbers of the micro-batches. A
 * device that waits while its message is under way is communicating, and one that waits for another's work is idle.
 */
export function timelineChart(simulation: Simulation, name: string, speedup = simulation.speedup): Chart {
  const { devices, layout, stepSeconds } = simulation;
  const scale = timeUnit(stepSeconds);
  const rows = devices.flatMap((device) => Array.from({ length: device.copies }, () => device)).slice(0, MOST_ROWS);
  const resultsAt = resultTimes(devices);
  const label = (at: number): string => `device ${at}`;
  const bars = rows.flatMap((device, at) => deviceBars(simulation, device, resultsAt).map((bar): GanttBar => (
    { ...bar, row: label(at), from: bar.from / scale.seconds, to: bar.to / scale.seconds })));
  const parts = [
    `one step of ${layout.microBatches * layout.replicas} micro-batch${layout.microBatches * layout.replicas === 1 ? "" : "es"}, ${speedup.toFixed(2)} times one device`,
    ...(layout.replicas > 1 ? [`one of ${layout.replicas} replicas, which are alike`] : []),
    ...(isWavefront(layout) ? ["numbers are pieces of time"] : []),
  ];
  return ganttChart({
    title: name, subtitle: parts.join("; "), x: { title: "time", unit: scale.unit }, rows: rows.map((_, at) => label(at)), bars,
    kinds: [KIND.F, layout.schedule.startsWith("zb") ? KIND.I : KIND.B, KIND.W, KIND.communication, KIND.update],
  });
}

function timeUnit(seconds: number): { readonly unit: string; readonly seconds: number } {
  if (seconds >= 1) return { unit: "s", seconds: 1 };
  return seconds >= 1e-3 ? { unit: "ms", seconds: 1e-3 } : { unit: "µs", seconds: 1e-6 };
}

/** When each stage has the result of each micro-batch, by `way stage micro-batch`; of a wavefront, of the piece of each batch. */
type ResultTimes = ReadonlyMap<string, readonly number[]>;

function resultTimes(devices: readonly SimulatedDevice[]): ResultTimes {
  const times = new Map<string, number[]>();
  for (const { actions } of devices) {
    for (const { kind, stage, microBatch, end } of actions) {
      if (kind !== "F" && kind !== "I" && kind !== "B") continue;
      const key = `${kind === "F" ? "F" : "B"} ${stage} ${microBatch}`;
      const known = times.get(key);
      if (known === undefined) times.set(key, [end]);
      else known.push(end);
    }
  }
  return times;
}

type Bar = Omit<GanttBar, "row">;

function deviceBars(simulation: Simulation, device: SimulatedDevice, resultsAt: ResultTimes): Bar[] {
  const bars: Bar[] = [];
  const actionsOfBatch = device.actions.length / (isWavefront(simulation.layout) ? simulation.layout.microBatches : 1);
  let free = 0;
  for (const [at, action] of device.actions.entries()) {
    const sent = sentAt(action, Math.floor(at / actionsOfBatch), resultsAt);
    if (sent !== undefined && Math.max(free, sent) < action.start) bars.push({ kind: KIND.communication, from: Math.max(free, sent), to: action.start });
    bars.push(...actionBars(simulation, action));
    free = action.end;
  }
  return [
    ...bars, { kind: KIND.communication, from: device.computed, to: device.reduced },
    { kind: KIND.update, from: device.updateBegins, to: device.updated }, { kind: KIND.communication, from: device.updated, to: device.gathered },
  ];
}

/** When what an action waits for left the stage that it comes from; `batch` counts those of a wavefront. */
function sentAt({ kind, stage, microBatch }: TimedAction, batch: number, resultsAt: ResultTimes): number | undefined {
  if (kind === "W") return undefined;
  return resultsAt.get(kind === "F" ? `F ${stage - 1} ${microBatch}` : `B ${stage + 1} ${microBatch}`)?.[batch];
}

/** Shards that drop their logits take both gradients behind the forward pass. */
function actionBars({ layout, placement }: Simulation, { kind, stage, microBatch, start, end }: TimedAction): Bar[] {
  const label = String(microBatch);
  const name = KIND[kind as "F" | "B" | "I" | "W"];
  if (kind !== "F" || layout.logits !== "dropped" || placement.share === undefined || stage < placement.stages.length - 1) return [{ kind: name, from: start, to: end, label }];
  const units = (placement.stages[stage] ?? []).map(({ unit }) => unit);
  const [forward, all] = [units.reduce((sum, unit) => sum + unit.forward, 0), units.reduce((sum, unit) => sum + unit.forward + unit.inputGradient + unit.weightGradient, 0)];
  const middle = start + (end - start) * (all === 0 ? 0 : forward / all);
  return [{ kind: KIND.F, from: start, to: middle, label }, { kind: KIND.B, from: middle, to: end, label }];
}
