import { spawn } from "node:child_process";
import { constants } from "node:os";
import { CONSEQUENCE } from "../monitor/diagnosis.ts";
import { blamedIn } from "./blame.ts";
import type { Launcher } from "./launcher.ts";

/** One press of Ctrl-C may arrive twice, where a parent process passes it on. */
const SAME_PRESS_MILLISECONDS = 100;
/** Time that an engine has to end its processes before it is ended itself. */
const END_MILLISECONDS = 5000;
/** Time that it has after a process was lost: it may wait for a host that it no longer reaches. */
const LOST_MILLISECONDS = 10_000;
/** Time for the rest of what was written: an ssh to a host that is out of reach keeps the streams open. */
const REST_MILLISECONDS = 2000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const;

export interface JobProcess {
  readonly args: readonly string[];
  /** Variables that its processes get beside this one's. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface JobOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export interface JobOutcome {
  /** Exit code of the engine; 128 more than the signal that ended it. */
  readonly code: number;
  /** Errors that the processes have written, without "decade: ". */
  readonly errors: readonly string[];
  /** Who was lost by what the engine says: "Rank 2". */
  readonly blamed?: string | undefined;
  /** The user asked for its end. */
  readonly interrupted: boolean;
}

/**
 * Runs a job until it ends. Ctrl-C and SIGTERM of this process go on to its processes once, so that they save and end;
 * a second one ends them at once.
 */
export function runJobProcess({ command, stop, end }: Launcher, { args, variables }: JobProcess, { out, err }: JobOutput): Promise<JobOutcome> {
  // A group of its own: a terminal sends Ctrl-C to all of a group, and mpirun would end the processes by it.
  const child = spawn(command, args, { detached: true, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...variables } });
  const killAfter = (milliseconds: number): void => void setTimeout(() => child.kill("SIGKILL"), milliseconds).unref();
  const errors: string[] = [];
  let blamed: string | undefined;
  const read = (line: string): void => {
    blamed ??= blamedIn(line);
    const error = /^decade: (.*)$/.exec(line)?.[1];
    if (error === undefined) return;
    errors.push(error);
    if (error.endsWith(CONSEQUENCE)) killAfter(LOST_MILLISECONDS);
  };
  for (const [stream, write] of [[child.stdout, out], [child.stderr, err]] as const) {
    const readText = linesOf(read);
    stream.setEncoding("utf8").on("data", (text: string) => {
      readText(text);
      write(text);
    });
  }

  let interrupted: number | undefined;
  const listener = (): void => {
    if (interrupted === undefined) {
      interrupted = performance.now();
      child.kill(stop);
    } else if (performance.now() - interrupted >= SAME_PRESS_MILLISECONDS) {
      child.kill(end);
      killAfter(END_MILLISECONDS);
    }
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return new Promise<JobOutcome>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      const tell = (): void => {
        for (const stream of [child.stdout, child.stderr]) stream.destroy();
        resolve({ code: code ?? 128 + signalNumber(signal), errors, blamed, interrupted: interrupted !== undefined });
      };
      child.on("close", tell);
      setTimeout(tell, REST_MILLISECONDS).unref();
    });
  }).finally(() => { for (const signal of SIGNALS) process.off(signal, listener); });
}

/** Calls a function with each line of text that comes in parts. */
function linesOf(onLine: (line: string) => void): (text: string) => void {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  };
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : constants.signals[signal];
}
