/** `decade train` on the configuration of a model that learns from rewards. */
import { trainGrpo, type GrpoRun } from "../think/learn/train-grpo.ts";
import type { GrpoConfig } from "../train/config/grpo.ts";
import type { TrainEvent } from "../train/train-event.ts";
import { EXIT, Interruption } from "./errors.ts";
import { count, duration } from "./format.ts";
import { interruptible } from "./interrupt.ts";
import { printResult, type Io } from "./io.ts";
import { ProgressLine, showTrainEvent } from "./progress.ts";

export interface GrpoTrainFlags {
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** Trains with progress shown. @throws Interruption where it was stopped before its end */
export async function trainFromRewards(config: GrpoConfig, { resume = false, overwrite = false, json }: GrpoTrainFlags, io: Io): Promise<void> {
  const line = new ProgressLine(io);
  const run = await interruptible(
    (signal) => trainGrpo(config, { resume, overwrite, signal, onEvent: (event) => showEvent(line, event) }),
    { exitCode: EXIT.interrupted, onInterrupt: () => line.note("Saving a checkpoint after this rollout; press Ctrl-C again to exit at once.") },
  ).finally(() => line.close());
  printResult(io, json, run, () => describeRun(run));
  if (run.reason !== "interrupted") return;
  io.err(`Stopped after step ${run.step}, which is saved. Go on with the same command and --resume.\n`);
  throw new Interruption("The training was stopped.");
}

function showEvent(line: ProgressLine, event: TrainEvent): void {
  switch (event.kind) {
    case "progress":
      return line.update(() => progressText(event, line.width));
    case "validation":
      return line.note(`step ${event.step}: ${percent(event.figures?.["validationAccuracy"])} of the validation problems solved greedily${event.improved ? " (best so far)" : ""}`);
    default:
      return showTrainEvent(line, event);
  }
}

const FIGURES: Readonly<Record<string, (value: number) => string>> = {
  reward: (value) => `reward ${value.toFixed(3)}`,
  withoutVariance: (value) => `no variance ${percent(value)}`,
  length: (value) => `length ${value.toFixed(1)}`,
  entropy: (value) => `entropy ${value.toFixed(3)}`,
  clipFraction: (value) => `clipped ${percent(value)}`,
  kl: (value) => `kl ${value.toFixed(4)}`,
};

/** What of a step fits into a line. */
function progressText({ step, totalSteps, loss, gradientNorm, secondsLeft, figures = {} }: Extract<TrainEvent, { kind: "progress" }>, width: number): string {
  const told = Object.entries(FIGURES).flatMap(([name, text]) => {
    const value = figures[name];
    return value === undefined ? [] : [text(value)];
  });
  const [first, last] = [`step ${step}/${totalSteps}`, `${duration(secondsLeft)} left`];
  const whole = [first, ...told, `loss ${loss.toFixed(4)}`, `norm ${gradientNorm.toFixed(2)}`, last].join("  ");
  return whole.length <= width ? whole : [first, ...told.slice(0, 2), last].join("  ");
}

function percent(share = NaN): string {
  return `${(100 * share).toFixed(1)}%`;
}

function describeRun({ directory, reason, step, best, tokensPerSecond }: GrpoRun): string {
  const speed = tokensPerSecond > 0 ? ` (${count(tokensPerSecond)} tokens/s)` : "";
  const judged = best === undefined ? "" : `\nBest validation: ${percent(best.accuracy)} solved greedily at step ${best.step}.`;
  return `${reason === "interrupted" ? "Interrupted" : "Finished"} at step ${step}${speed}. The run is in ${directory}.${judged}`;
}
