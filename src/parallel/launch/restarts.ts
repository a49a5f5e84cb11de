import { CONSEQUENCE } from "../monitor/diagnosis.ts";
import { EXIT_LOST } from "../monitor/exit-lost.ts";
import type { JobOutcome } from "./job-process.ts";

/** How a job has ended: what is `lost` may go well when it goes on from the newest checkpoint. */
export type Verdict = "done" | "interrupted" | "failed" | "lost";

/** Codes of a shell or an engine that found no program to start, and of wrong usage. */
const NEVER_STARTED: readonly number[] = [2, 126, 127];

/**
 * A job whose end was asked for is interrupted whatever code the engine has for that (Hydra of MPICH sometimes has 0), unless
 * it tells of an error, as where its work could not be saved. A job is lost where a process was killed, fell silent or
 * crashed. One that ended with an error of its own ("decade: …": wrong usage, a training that diverged, a full disk) would
 * end so again.
 */
export function judge({ code, errors, interrupted }: JobOutcome): Verdict {
  if (interrupted) return errors.length > 0 ? "failed" : "interrupted";
  if (code === 0) return "done";
  if (errors.some((error) => error.endsWith(CONSEQUENCE)) || code === EXIT_LOST) return "lost";
  return errors.length > 0 || code === 1 || NEVER_STARTED.includes(code) ? "failed" : "lost";
}

/** Who was lost, as far as it was said: "Rank 2", "Ranks 1 and 3". */
export function nameLost({ code, errors, blamed }: JobOutcome): string {
  const said = errors.find((error) => error.endsWith(CONSEQUENCE));
  return /^Ranks? \d+(?:(?:, | and )\d+)*/.exec(said ?? "")?.[0] ?? blamed ?? (said === undefined ? `A process (the job's exit code is ${code})` : "The job");
}

export interface Restarts {
  readonly most: number;
  /** Runs the job for the first or a further time, counted from 0: then, so that it goes on from the newest checkpoint. */
  readonly run: (start: number) => Promise<JobOutcome>;
  readonly say: (sentence: string) => void;
}

/** Runs a job again for as long as processes are lost, and not more often than it may. */
export async function runWithRestarts({ most, run, say }: Restarts): Promise<{ verdict: Verdict; outcome: JobOutcome }> {
  for (let restarts = 0; ; restarts++) {
    const outcome = await run(restarts);
    const verdict = judge(outcome);
    if (verdict !== "lost") return { verdict, outcome };
    if (restarts === most) {
      say(`${nameLost(outcome)} was lost${most === 0 ? "" : `, after ${most} ${most === 1 ? "restart" : "restarts"}`}; the training is not at its end.`);
      return { verdict, outcome };
    }
    say(`${nameLost(outcome)} was lost; starting again from the newest checkpoint (restart ${restarts + 1} of ${most}).`);
  }
}
