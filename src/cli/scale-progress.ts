import { basename } from "node:path";
import type { Standing } from "../scaling/sweep/run-queue.ts";
import type { SweepRun } from "../scaling/sweep/sweep-runs.ts";
import { readProgress, type TrainingProgress } from "../scaling/sweep/training-result.ts";
import { count, duration, table } from "./format.ts";
import type { Io } from "./io.ts";

const LIVE_MILLISECONDS = 1000;
const PLAIN_MILLISECONDS = 30_000;

/**
 * A sweep's progress: on a terminal a table that is rewritten in place, elsewhere a line when a training starts or ends,
 * and one about all every half minute.
 */
export class SweepProgress {
  readonly #io: Io;
  readonly #standings: Map<SweepRun, Standing>;
  readonly #progress = new Map<SweepRun, TrainingProgress>();
  readonly #timer: NodeJS.Timeout;
  /** Operations that were done when it began, and when that was. */
  readonly #began: { readonly at: number; flops: number | undefined } = { at: performance.now(), flops: undefined };
  #lines = 0;
  #closed = false;

  constructor(io: Io, runs: readonly SweepRun[]) {
    this.#io = io;
    this.#standings = new Map(runs.map((run) => [run, run.result === undefined ? { kind: "waiting" } : { kind: "finished" }]));
    const done = runs.filter(({ result }) => result !== undefined).length;
    if (done > 0) io.err(`${done} of ${runs.length} trainings are done already.\n`);
    this.#timer = setInterval(() => void this.#show(), io.interactive ? LIVE_MILLISECONDS : PLAIN_MILLISECONDS);
  }

  change(run: SweepRun, standing: Standing): void {
    this.#standings.set(run, standing);
    if (!this.#io.interactive) this.#io.err(`${run.name} (${basename(run.folder)}): ${standingText(standing)}\n`);
  }

  /** Prints a line that stays. */
  note(text: string): void {
    this.#io.err(`${text}\n`);
    this.#lines = 0;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#closed = true;
    if (this.#io.interactive) this.#print();
  }

  async #show(): Promise<void> {
    for (const [run, { kind }] of this.#standings) {
      // A log that is just being cut back to its checkpoint is read the next time.
      if (kind === "running") this.#progress.set(run, await readProgress(run.folder).catch(() => this.#progress.get(run) ?? NOTHING));
    }
    if (this.#closed) return;
    this.#began.flops ??= this.#flopsDone();
    this.#print();
  }

  #print(): void {
    const summary = this.#summary();
    if (!this.#io.interactive) return this.#io.err(`${summary}\n`);
    const width = this.#io.columns ?? 80;
    const shown = [...this.#rows(), summary].map((line) => line.slice(0, width - 1));
    const up = this.#lines === 0 ? "" : `\u001B[${this.#lines}A`;
    this.#io.err(`${up}${shown.map((line) => `\r\u001B[K${line}\n`).join("")}\u001B[J`);
    this.#lines = shown.length;
  }

  #rows(): string[] {
    const waiting = [...this.#standings.values()].filter(({ kind }) => kind === "waiting").length;
    const rows = [...this.#standings].filter(([, { kind }]) => kind !== "waiting" && kind !== "finished").map(([run, standing]) => {
      const { step, loss, tokensPerSecond } = this.#progress.get(run) ?? NOTHING;
      const left = tokensPerSecond === undefined ? Infinity : (1 - step / run.size.steps) * run.size.readTokens / tokensPerSecond;
      return [
        run.name, standing.kind === "failed" ? "failed" : standingText(standing), `${count(step)} / ${count(run.size.steps)}`, loss?.toFixed(3) ?? "",
        tokensPerSecond === undefined ? "" : count(tokensPerSecond), standing.kind === "running" ? duration(left) : "",
      ];
    });
    return [...table(["training", "state", "step", "loss", "tokens/s", "left"], rows, [2, 3, 4, 5]).split("\n"), ...(waiting === 0 ? [] : [`and ${waiting} that wait`])];
  }

  #summary(): string {
    const kinds = [...this.#standings.values()].map(({ kind }) => kind);
    const failed = kinds.filter((kind) => kind === "failed").length;
    const done = kinds.filter((kind) => kind === "finished").length;
    const running = [...this.#standings].filter(([, { kind }]) => kind === "running").map(([run]) => {
      const { step, loss } = this.#progress.get(run) ?? NOTHING;
      return `${run.name} ${step}/${run.size.steps}${loss === undefined ? "" : ` loss ${loss.toFixed(3)}`}`;
    });
    return [
      `${done} of ${kinds.length} done`, ...(failed === 0 ? [] : [`${failed} failed`]), ...(this.#io.interactive ? [] : running), `${duration(this.#secondsLeft())} left`,
    ].join("; ");
  }

  /** Seconds until all are done, at the rate of operations since the start. */
  #secondsLeft(): number {
    if (this.#began.flops === undefined) return Infinity;
    const all = [...this.#standings.keys()].reduce((sum, { size }) => sum + size.flops, 0);
    const [done, seconds] = [this.#flopsDone(), (performance.now() - this.#began.at) / 1000];
    return (all - done) * seconds / (done - this.#began.flops);
  }

  #flopsDone(): number {
    return [...this.#standings].reduce((sum, [run, { kind }]) => {
      const { step } = this.#progress.get(run) ?? NOTHING;
      return sum + run.size.flops * (kind === "finished" ? 1 : step / run.size.steps);
    }, 0);
  }
}

const NOTHING: TrainingProgress = { step: 0, loss: undefined, tokensPerSecond: undefined };

function standingText(standing: Standing): string {
  switch (standing.kind) {
    case "waiting":
      return "waits";
    case "running":
      return standing.attempt === 0 ? "trains" : `trains again (${standing.attempt})`;
    case "finished":
      return "done";
    case "stopped":
      return "saved";
    case "elsewhere":
      return "another process is training it";
    case "failed":
      return `failed: ${standing.error}`;
    default:
      return standing satisfies never;
  }
}
