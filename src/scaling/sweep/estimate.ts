/** How long a sweep takes and how much memory, before it is paid for. */
import { onnx } from "../../engines/onnx/engine.ts";
import type { Training } from "../../train/train-task.ts";
import { TrainingPrograms } from "../../train/training-programs.ts";
import { ScalingError } from "../scaling-error.ts";
import type { PlannedTraining } from "./design.ts";
import type { SweepData } from "./sweep-data.ts";

/** Networks of a sweep that are timed; others are read off a line between them. */
const MEASURED = 8;
/** Steps of each, after one that warms up. */
const STEPS = 3;

/** Floating-point operations a second that training reaches. */
export interface Speed {
  /** Of a network of this shape alone, where it is given. */
  readonly shape?: string;
  readonly flopsOfStep: number;
  readonly flopsPerSecond: number;
}

/** Times a few steps of networks from the smallest to the largest of a sweep, each alone on the machine. */
export async function measureSpeeds(planned: readonly PlannedTraining[], data: SweepData, threads: number): Promise<Speed[]> {
  const ascending = [...planned].sort((a, b) => flopsOfStep(a) - flopsOfStep(b));
  const shapes = [...new Map(ascending.map((each) => [shapeName(each), each])).values()];
  const count = Math.min(MEASURED, shapes.length);
  const chosen = Array.from({ length: count }, (_, at) => shapes[Math.round(at * (shapes.length - 1) / Math.max(1, count - 1))]).filter((each) => each !== undefined);
  const speeds: Speed[] = [];
  for (const each of chosen) {
    const { training } = await data.open(each.config);
    speeds.push({ shape: shapeName(each), flopsOfStep: flopsOfStep(each), flopsPerSecond: await timeSteps(each, training, threads) });
  }
  return speeds;
}

function shapeName({ shape: { layers, width } }: PlannedTraining): string {
  return `${layers} x ${width}`;
}

async function timeSteps({ config }: PlannedTraining, { task, batches }: Training, threads: number): Promise<number> {
  const { optimizer, average } = config.training;
  const programs = await TrainingPrograms.compile(onnx({ threads }), task, { optimizer, averages: average !== undefined, accumulate: false });
  try {
    const speeds: number[] = [];
    for (let step = 0; step <= STEPS; step++) {
      const batch = await batches.batch(0, step % batches.batchesInEpoch(0));
      const started = performance.now();
      await programs.gradient([{ batch, seed: step }]);
      await programs.apply(0, 0);
      if (step > 0) speeds.push(programs.flops(batch) / (performance.now() - started) * 1000);
    }
    return speeds.sort((a, b) => a - b)[Math.floor(speeds.length / 2)] ?? 0;
  } finally {
    await programs.dispose();
  }
}

/** Operations a second of a step, between those measured on a line in logarithms, beyond them as the nearest. */
export function speedAt(speeds: readonly Speed[], flopsOfOne: number): number {
  const sorted = [...speeds].sort((a, b) => a.flopsOfStep - b.flopsOfStep);
  const above = sorted.findIndex((speed) => speed.flopsOfStep >= flopsOfOne);
  const [low, high] = [sorted[above - 1], sorted[above]];
  if (high === undefined) return sorted.at(-1)?.flopsPerSecond ?? 0;
  if (low === undefined) return high.flopsPerSecond;
  const share = Math.log(flopsOfOne / low.flopsOfStep) / Math.log(high.flopsOfStep / low.flopsOfStep);
  return low.flopsPerSecond * (high.flopsPerSecond / low.flopsPerSecond) ** share;
}

/** Seconds of a training: its steps and its validations. */
export function secondsOf(planned: PlannedTraining, speeds: readonly Speed[]): number {
  const timed = speeds.find(({ shape }) => shape === shapeName(planned));
  const speed = timed?.flopsPerSecond ?? speedAt(speeds, flopsOfStep(planned));
  return (planned.size.flops + validations(planned) * planned.size.validationFlops) / speed;
}

/** How often a training validates: at its interval, and at its end. */
function validations({ config: { training: { validateEvery } }, size: { steps, epochs } }: PlannedTraining): number {
  return "steps" in validateEvery ? Math.ceil(steps / validateEvery.steps) : Math.ceil(epochs / validateEvery.epochs);
}

/** Seconds until the last of some trainings ends, where each of several processes takes the longest that is left. */
export function makespan(seconds: readonly number[], jobs: number): number {
  const ends = Array.from({ length: jobs }, () => 0);
  for (const each of [...seconds].sort((a, b) => b - a)) {
    const first = ends.indexOf(Math.min(...ends));
    ends[first] = (ends[first] ?? 0) + each;
  }
  return Math.max(...ends);
}

function flopsOfStep({ size: { flops, steps } }: PlannedTraining): number {
  return flops / steps;
}

/**
 * Refuses a sweep that does not fit into memory: its largest training, or as many of the largest as run at once.
 *
 * @param available bytes
 * @param process bytes that a process holds besides what it trains
 * @throws ScalingError
 */
export function requireMemory(planned: readonly PlannedTraining[], { jobs, available, process }: { jobs: number; available: number; process: number }): void {
  const bySize = [...planned].sort((a, b) => b.size.memoryBytes - a.size.memoryBytes);
  const [largest] = bySize;
  if (largest === undefined) return;
  const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  const needed = bySize.slice(0, jobs).map(({ size }) => size.memoryBytes + process);
  const total = needed.reduce((sum, bytes) => sum + bytes, 0);
  const alone = needed[0] ?? 0;
  if (alone > available) {
    throw new ScalingError(`The training ${largest.name} needs about ${mebibytes(alone)} of memory, but there are ${mebibytes(available)}; make the sweep's largest size, `
      + "its batch or its context smaller, or, where it runs on another machine, say with --memory what that has.");
  }
  if (total > available) {
    throw new ScalingError(`The ${needed.length} largest trainings need about ${mebibytes(total)} of memory together, but there are ${mebibytes(available)}; `
      + `run fewer at once: --jobs ${Math.max(1, Math.floor(available / alone))}.`);
  }
}
