import type { Observation } from "../observation.ts";
import { ScalingError } from "../scaling-error.ts";
import type { LogLoss } from "./forms/form.ts";
import type { Matrix } from "./matrix.ts";
import type { Slots } from "./slots.ts";

/**
 * How far a law is from measured losses: the sum over trainings of Huber's loss of the residual, which is the predicted
 * minus the measured log-loss: r² / 2 up to |r| = delta, delta (|r| - delta / 2) beyond.
 *
 * Hoffmann et al. 2022, equation 3. An infinite delta gives least squares.
 */
export class HuberObjective {
  readonly #logLoss: LogLoss;
  readonly #measured: Float64Array;
  readonly #coordinates: Float64Array;
  readonly #derivatives: Float64Array;

  /** @throws ScalingError when delta is not above zero */
  constructor(readonly slots: Slots, readonly observations: readonly Observation[], readonly delta: number) {
    if (!(delta > 0)) throw new ScalingError(`Delta is ${delta}, but residuals up to it count with their squares, so a number above 0 was expected; give 0.001, or a smaller one.`);
    this.#logLoss = slots.form.bind(observations);
    this.#measured = Float64Array.from(observations, ({ loss }) => Math.log(loss));
    this.#coordinates = new Float64Array(slots.form.kinds.length);
    this.#derivatives = new Float64Array(slots.form.kinds.length);
  }

  get points(): number {
    return this.#measured.length;
  }

  /**
   * The objective and its gradient by the free variables.
   *
   * @param weights how often each training counts; once where left out
   */
  evaluate(free: Float64Array, gradient: Float64Array, weights?: Float64Array): number {
    const { slots: { of: slots }, delta } = this;
    const derivatives = this.#derivatives;
    this.slots.expand(free, this.#coordinates);
    gradient.fill(0);
    let sum = 0;
    for (let point = 0; point < this.#measured.length; point++) {
      const weight = weights === undefined ? 1 : weights[point] ?? 0;
      if (weight === 0) continue;
      const residual = this.#logLoss(point, this.#coordinates, derivatives) - (this.#measured[point] ?? 0);
      const size = Math.abs(residual);
      sum += weight * (size <= delta ? (residual * residual) / 2 : delta * (size - delta / 2));
      const slope = weight * (size <= delta ? residual : delta * Math.sign(residual));
      for (let at = 0; at < slots.length; at++) {
        const slot = slots[at] ?? -1;
        if (slot >= 0) gradient[slot] = (gradient[slot] ?? 0) + slope * (derivatives[at] ?? 0);
      }
    }
    return sum;
  }

  /** Predicted minus measured log-loss, a training. */
  residuals(free: Float64Array): Float64Array {
    this.slots.expand(free, this.#coordinates);
    return this.#measured.map((measured, point) => this.#logLoss(point, this.#coordinates, this.#derivatives) - measured);
  }

  /** Derivatives of the predicted log-losses by the free variables: [points, free variables]. */
  jacobian(free: Float64Array): Matrix {
    const { size, of: slots } = this.slots;
    const values = new Float64Array(this.points * size);
    this.slots.expand(free, this.#coordinates);
    for (let point = 0; point < this.points; point++) {
      this.#logLoss(point, this.#coordinates, this.#derivatives);
      slots.forEach((slot, at) => {
        if (slot >= 0) values[point * size + slot] = (values[point * size + slot] ?? 0) + (this.#derivatives[at] ?? 0);
      });
    }
    return { values, rows: this.points, columns: size };
  }
}
