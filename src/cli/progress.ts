import type { TrainEvent } from "../train/train-event.ts";
import { count, duration, plural } from "./format.ts";
import type { Io } from "./io.ts";

const REWRITE_MILLISECONDS = 100;
const PLAIN_MILLISECONDS = 10_000;

/** One line of progress: rewritten in place on a terminal, printed anew about every ten seconds elsewhere. */
export class ProgressLine {
  readonly #io: Io;
  #printed: number;
  #open = false;

  constructor(io: Io) {
    this.#io = io;
    this.#printed = io.interactive ? -Infinity : performance.now();
  }

  /** How many characters a line may have; a longer one could not be rewritten in place. */
  get width(): number {
    return (this.#io.columns ?? Infinity) - 1;
  }

  /** Shows a state that the next one replaces. `text` is only asked for when it is time to print. */
  update(text: () => string): void {
    const now = performance.now();
    if (now - this.#printed < (this.#io.interactive ? REWRITE_MILLISECONDS : PLAIN_MILLISECONDS)) return;
    this.#printed = now;
    this.#io.err(this.#io.interactive ? `\r\u001B[K${text()}` : `${text()}\n`);
    this.#open = this.#io.interactive;
  }

  /**
   * Shows how many of all there are done, what else is to be said, and the time left at the pace so far:
   * `1,200 of 4,000 pairs scored, 35 s left`.
   */
  counter(what: string): (done: number, of: number, besides?: string) => void {
    const started = performance.now();
    return (done, of, besides) => this.update(() => {
      const left = ((performance.now() - started) / 1000) * (of / done - 1);
      return [`${count(done)} of ${count(of)} ${what}`, ...(besides === undefined ? [] : [besides]), `${duration(left)} left`].join(", ");
    });
  }

  /** Prints a line that stays. */
  note(text: string): void {
    this.close();
    this.#io.err(`${text}\n`);
  }

  /** Takes back what was shown last, to make room for something else on the terminal. */
  clear(): void {
    if (this.#open) this.#io.err("\r\u001B[K");
    this.#open = false;
  }

  /** Leaves what was shown last and goes to the next line. */
  close(): void {
    if (this.#open) this.#io.err("\n");
    this.#open = false;
  }
}

/** Shows how many sentences are translated and, while the next ones are, how many tokens those have by now. */
export function translationProgress(line: ProgressLine, total: number): {
  readonly onProgress: (done: number, of: number) => void; readonly onToken: (length: number) => void;
} {
  const show = line.counter("sentences");
  let state = { done: 0, of: total };
  return {
    onProgress: (done, of) => {
      state = { done, of };
      show(done, of);
    },
    onToken: (length) => show(state.done, state.of, `${plural(length, "token")} of the next`),
  };
}

/** Shows a training's events. */
export function trainingReporter(io: Io): { onEvent: (event: TrainEvent) => void; close: () => void } {
  const line = new ProgressLine(io);
  return { close: () => line.close(), onEvent: (event) => showTrainEvent(line, event) };
}

/** Shows one event of a training. */
export function showTrainEvent(line: ProgressLine, event: TrainEvent): void {
  switch (event.kind) {
    case "notice":
      return line.note(event.message);
    case "started": {
      const from = event.step === 0 ? "" : `, going on from step ${event.step}`;
      const { training, validation, unit } = event.amount;
      return line.note(`${event.directory}: ${count(event.parameters)} parameters, ${count(training)} training ${unit}, `
        + `${count(validation)} validation ${unit}, ${event.totalSteps} steps${from}`);
    }
    case "progress":
      return line.update(() => progressText(event, line.width));
    case "validation":
      return line.note(`step ${event.step}: validation loss ${event.loss.toFixed(4)}, perplexity ${event.perplexity.toFixed(2)}`
        + (event.improved ? " (best so far)" : "") + (event.wholeLoss === undefined ? "" : `; on all that was held out ${event.wholeLoss.toFixed(4)}`));
    case "checkpoint":
      return;
    default:
      return event satisfies never;
  }
}

/** What of a training step fits into a line. */
function progressText(event: Extract<TrainEvent, { kind: "progress" }>, width: number): string {
  const text = (mfu: readonly string[]): string => [
    `step ${event.step}/${event.totalSteps}`, `epoch ${event.epoch.toFixed(2)}`, `loss ${event.loss.toFixed(3)}`,
    `${count(event.tokensPerSecond)} tokens/s`, ...mfu, `${duration(event.secondsLeft)} left`,
  ].join("  ");
  const whole = text(event.mfu === undefined ? [] : [`mfu ${(100 * event.mfu).toFixed(0)}%`]);
  return whole.length <= width ? whole : text([]);
}
