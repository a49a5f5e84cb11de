const BEAT_MILLISECONDS = 1000;
/** A beat that is later than this many was not late: the whole process stood still, as after Ctrl-Z or on a machine that slept. */
const STANDSTILL_BEATS = 3;

/** Does something every second. */
export class Pulse {
  readonly #timer: NodeJS.Timeout;
  #last = performance.now();

  /**
   * @param beat gets the time in milliseconds
   * @param restart called in place of `beat` after this process stood still: what was not heard meanwhile says nothing
   */
  constructor(beat: (now: number) => void, restart: (now: number) => void) {
    this.#timer = setInterval(() => {
      const now = performance.now();
      const still = now - this.#last > STANDSTILL_BEATS * BEAT_MILLISECONDS;
      this.#last = now;
      if (still) restart(now);
      else beat(now);
    }, BEAT_MILLISECONDS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
