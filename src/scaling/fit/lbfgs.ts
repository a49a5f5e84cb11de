/** Limited-memory BFGS (Nocedal and Wright 2006, "Numerical optimization", algorithms 7.4, 7.5, 3.5 and 3.6). */

/** The value at a point; its gradient is written into `gradient`. A point outside the domain has the value NaN or infinity. */
export type Objective = (point: Float64Array, gradient: Float64Array) => number;

export interface MinimiseOptions {
  /** Steps remembered to approximate the curvature. */
  readonly memory?: number;
  readonly iterations?: number;
  /** Ends when an iteration lowers the value by less than this share of it. */
  readonly tolerance?: number;
}

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly iterations: number;
}

/** Share of the decrease that the slope promises which a step must bring, and share of the slope that may remain after it. */
const sufficientDecrease = 1e-4;
const remainingSlope = 0.9;
const lineSearchSteps = 25;

/**
 * Finds a local minimum of a smooth function.
 *
 * @example
 * const { point } = minimise((x, gradient) => ((gradient[0] = 2 * (x[0] - 3)), (x[0] - 3) ** 2), Float64Array.of(0));
 * @param start where to begin; it must lie in the domain
 */
export function minimise(objective: Objective, start: Float64Array, { memory = 10, iterations = 1000, tolerance = 1e-12 }: MinimiseOptions = {}): Minimum {
  const size = start.length;
  let here: Evaluated = evaluate(objective, start.slice());
  const history = new History(size, memory);
  const direction = new Float64Array(size);
  let iteration = 0;
  for (; iteration < iterations && Number.isFinite(here.value); iteration++) {
    history.descent(here.gradient, direction);
    let slope = dot(here.gradient, direction);
    if (!(slope < 0)) {
      history.clear();
      history.descent(here.gradient, direction);
      slope = dot(here.gradient, direction);
      if (!(slope < 0)) break;
    }
    const firstStep = history.isEmpty ? Math.min(1, 1 / norm(here.gradient)) : 1;
    const next = searchLine(objective, here, direction, slope, firstStep);
    if (next === undefined) {
      if (history.isEmpty) break;
      history.clear();
      continue;
    }
    history.add(here, next);
    const decrease = here.value - next.value;
    here = next;
    if (decrease <= tolerance * Math.abs(here.value)) break;
  }
  return { point: here.point, value: here.value, iterations: iteration };
}

interface Evaluated {
  readonly point: Float64Array;
  readonly gradient: Float64Array;
  readonly value: number;
}

function evaluate(objective: Objective, point: Float64Array): Evaluated {
  const gradient = new Float64Array(point.length);
  const value = objective(point, gradient);
  return { point, gradient, value: Number.isNaN(value) ? Infinity : value };
}

/** The latest steps and changes of the gradient, as a ring. */
class History {
  readonly #steps: Float64Array[];
  readonly #changes: Float64Array[];
  readonly #inverse: Float64Array;
  readonly #weights: Float64Array;
  #count = 0;
  #next = 0;
  #scale = 1;

  constructor(size: number, memory: number) {
    this.#steps = Array.from({ length: memory }, () => new Float64Array(size));
    this.#changes = Array.from({ length: memory }, () => new Float64Array(size));
    this.#inverse = new Float64Array(memory);
    this.#weights = new Float64Array(memory);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  clear(): void {
    this.#count = 0;
    this.#scale = 1;
  }

  /** Remembers a step, unless the function curves downwards along it. */
  add(from: Evaluated, to: Evaluated): void {
    const [step, change] = [this.#steps[this.#next], this.#changes[this.#next]];
    if (step === undefined || change === undefined) return;
    for (let i = 0; i < step.length; i++) {
      step[i] = (to.point[i] ?? 0) - (from.point[i] ?? 0);
      change[i] = (to.gradient[i] ?? 0) - (from.gradient[i] ?? 0);
    }
    const curvature = dot(step, change);
    const square = dot(change, change);
    if (!(curvature > 1e-16 * square)) return;
    this.#inverse[this.#next] = 1 / curvature;
    this.#scale = curvature / square;
    this.#next = (this.#next + 1) % this.#steps.length;
    this.#count = Math.min(this.#count + 1, this.#steps.length);
  }

  /** Minus the approximate inverse Hessian times the gradient, by the two-loop recursion. */
  descent(gradient: Float64Array, direction: Float64Array): void {
    for (let i = 0; i < gradient.length; i++) direction[i] = -(gradient[i] ?? 0);
    const memory = this.#steps.length;
    for (let age = 1; age <= this.#count; age++) {
      const at = (this.#next - age + memory) % memory;
      const [step, change] = [this.#steps[at], this.#changes[at]];
      if (step === undefined || change === undefined) continue;
      const weight = (this.#inverse[at] ?? 0) * dot(step, direction);
      this.#weights[at] = weight;
      addScaled(direction, -weight, change);
    }
    for (let i = 0; i < direction.length; i++) direction[i] = (direction[i] ?? 0) * this.#scale;
    for (let age = this.#count; age >= 1; age--) {
      const at = (this.#next - age + memory) % memory;
      const [step, change] = [this.#steps[at], this.#changes[at]];
      if (step === undefined || change === undefined) continue;
      const correction = (this.#inverse[at] ?? 0) * dot(change, direction);
      addScaled(direction, (this.#weights[at] ?? 0) - correction, step);
    }
  }
}

interface Trial extends Evaluated {
  readonly step: number;
  readonly slope: number;
}

/** A point along a direction that fulfils the strong Wolfe conditions, or at least lowers the value; undefined where none does. */
function searchLine(objective: Objective, from: Evaluated, direction: Float64Array, slope: number, firstStep: number): Evaluated | undefined {
  const at = (step: number): Trial => {
    const point = from.point.slice();
    addScaled(point, step, direction);
    const trial = evaluate(objective, point);
    return { ...trial, step, slope: dot(trial.gradient, direction) };
  };
  const isTooHigh = (trial: Trial) => !(trial.value <= from.value + sufficientDecrease * trial.step * slope);
  let low: Trial = { ...from, step: 0, slope };
  let high: Trial | undefined;
  let step = firstStep;
  for (let tries = 0; tries < lineSearchSteps; tries++) {
    const trial = at(step);
    if (isTooHigh(trial) || trial.value > low.value) {
      high = trial;
    } else {
      if (Math.abs(trial.slope) <= -remainingSlope * slope) return trial;
      if (trial.slope * ((high?.step ?? Infinity) - low.step) >= 0) high = low;
      low = trial;
    }
    step = high === undefined ? 2 * step : between(low, high);
    if (high !== undefined && Math.abs(high.step - low.step) <= 1e-12 * firstStep) break;
  }
  return low.value < from.value ? low : undefined;
}

/** The minimiser of the cubic through two trials' values and slopes, kept off their ends (Nocedal and Wright, equation 3.59). */
function between(low: Trial, high: Trial): number {
  const width = high.step - low.step;
  const middle = low.step + width / 2;
  if (!Number.isFinite(high.value) || !Number.isFinite(high.slope)) return low.step + 0.1 * width;
  const d1 = low.slope + high.slope - (3 * (low.value - high.value)) / (low.step - high.step);
  const square = d1 * d1 - low.slope * high.slope;
  if (square < 0) return middle;
  const d2 = Math.sign(width) * Math.sqrt(square);
  const share = (high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2);
  if (!Number.isFinite(share)) return middle;
  return high.step - width * Math.min(0.9, Math.max(0.1, share));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}

function addScaled(target: Float64Array, factor: number, source: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) + factor * (source[i] ?? 0);
}
