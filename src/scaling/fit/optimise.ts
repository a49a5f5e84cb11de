import type { Observation } from "../observation.ts";
import { median } from "./forms/form.ts";
import type { HuberObjective } from "./huber-objective.ts";
import { minimise, type Minimum, type Objective } from "./lbfgs.ts";
import { inverseTransposed, triangleOf } from "./matrix.ts";

/** From how many of the starts an optimiser goes on: those with the lowest objective. */
export const defaultDescents = 24;

const refinements = 30;
/** A slope below this share of the largest counts as much: a variable that hardly matters must not be moved without end. */
const flattest = 1e-10;
/** What a variable that runs to its limit may cost, as a share of the objective, to be kept from it. */
const costOfLimit = 1e-6;
/** A variable whose change by 1 changes no log-loss by more than this has no effect. */
export const idle = 1e-8;
const withdrawals = 40;

/**
 * The lowest optimum that is reached from a grid of starts: the objective is computed at all of them, and minimised from
 * the best.
 *
 * @param extra further starts, from each of which it is minimised
 * @param weights how often each training counts
 * @throws RangeError when the objective is not finite at any start
 */
export function findOptimum(
  objective: HuberObjective, observations: readonly Observation[], { descents = defaultDescents, extra = [], weights }: { readonly descents?: number; readonly extra?: readonly Float64Array[]; readonly weights?: Float64Array } = {},
): Minimum {
  const { slots } = objective;
  const gradient = new Float64Array(slots.size);
  const valueAt = (point: Float64Array): number => objective.evaluate(point, gradient, weights);
  const ranked = slots.form.starts(observations).map((start) => slots.contract(start)).map((point) => ({ point, value: valueAt(point) }))
    .filter(({ value }) => Number.isFinite(value)).sort((a, b) => a.value - b.value);
  const starts = [...extra.filter((point) => Number.isFinite(valueAt(point))), ...ranked.slice(0, descents).map(({ point }) => point)];
  const rough = starts.map((start) => descend(objective, start, { iterations: 200, tolerance: 1e-8 }, weights)).sort((a, b) => a.value - b.value);
  const [best] = rough.slice(0, 3).map(({ point }) => refine(objective, point, weights)).sort((a, b) => a.value - b.value);
  if (best === undefined) throw new RangeError(`The law ${slots.form.law.name} has no finite loss at any of its starts.`);
  const middle = Float64Array.from({ length: slots.size }, (_, slot) => median(ranked.map(({ point }) => point[slot] ?? 0)));
  return withdraw(objective, best, middle, weights);
}

/**
 * Brings variables that have run away without an effect on the losses, as a decay does that is not seen, back towards the
 * middle of the starts, as far as that costs nothing worth mention.
 */
function withdraw(objective: HuberObjective, best: Minimum, middle: Float64Array, weights?: Float64Array): Minimum {
  const { values } = objective.jacobian(best.point);
  const size = best.point.length;
  const gradient = new Float64Array(size);
  const point = best.point.slice();
  for (let slot = 0; slot < size; slot++) {
    const [home, away] = [middle[slot] ?? 0, best.point[slot] ?? 0];
    const hasNoEffect = values.every((value, at) => at % size !== slot || Math.abs(value) <= idle);
    if (!hasNoEffect) continue;
    let [near, far] = [0, 1];
    for (let step = 0; step < withdrawals; step++) {
      const share = step === 0 ? 0 : (near + far) / 2;
      point[slot] = home + share * (away - home);
      const isFree = objective.evaluate(point, gradient, weights) <= best.value * (1 + costOfLimit);
      if (isFree) far = share;
      else near = share;
      if (far === 0) break;
    }
    point[slot] = home + far * (away - home);
  }
  return { ...best, point, value: objective.evaluate(point, gradient, weights) };
}

function descend(objective: HuberObjective, start: Float64Array, options: { readonly iterations: number; readonly tolerance: number }, weights?: Float64Array): Minimum {
  return minimise((point, gradient) => objective.evaluate(point, gradient, weights), start, options);
}

/** Minimises to the end, in coordinates in which the objective curves about alike in all directions, taken anew at each optimum. */
export function refine(objective: HuberObjective, start: Float64Array, weights?: Float64Array): Minimum {
  let best = descend(objective, start, { iterations: 200, tolerance: 1e-10 }, weights);
  for (let round = 0; round < refinements; round++) {
    const whitened = new Whitening(objective, best.point, weights);
    const next = whitened.minimise({ iterations: 200, tolerance: 1e-13 }, weights);
    if (!(next.value < best.value)) break;
    const gained = best.value - next.value;
    best = next;
    if (gained <= 1e-13 * best.value) break;
  }
  return best;
}

/**
 * Coordinates y around an optimum, x = optimum + W y, in which the Gauss-Newton Hessian there is the unit matrix; so a
 * minimisation that starts at the optimum needs few steps although parameters such as A and alpha go together.
 */
export class Whitening {
  readonly #transform: Float64Array;

  constructor(readonly objective: HuberObjective, readonly optimum: Float64Array, weights?: Float64Array) {
    this.#transform = transformAt(objective, optimum, weights);
  }

  /** How far each free variable may move, the others following, until the quadratic approximation of the objective has grown by 1/2. */
  standardErrors(): Float64Array {
    const size = this.optimum.length;
    return this.optimum.map((_, row) => Math.hypot(...this.#transform.subarray(row * size, (row + 1) * size)));
  }

  /** Minimises from the optimum, for other weights of the trainings. */
  minimise(options: { readonly iterations: number; readonly tolerance: number }, weights?: Float64Array): Minimum {
    const size = this.optimum.length;
    const inner = new Float64Array(size);
    const whitened: Objective = (point, gradient) => {
      const value = this.objective.evaluate(this.#outer(point), inner, weights);
      for (let column = 0; column < size; column++) {
        let sum = 0;
        for (let row = 0; row < size; row++) sum += (this.#transform[row * size + column] ?? 0) * (inner[row] ?? 0);
        gradient[column] = sum;
      }
      return value;
    };
    const found = minimise(whitened, new Float64Array(size), options);
    return { ...found, point: this.#outer(found.point) };
  }

  #outer(point: Float64Array): Float64Array {
    const size = this.optimum.length;
    return this.optimum.map((value, row) => {
      let sum = value;
      for (let column = 0; column < size; column++) sum += (this.#transform[row * size + column] ?? 0) * (point[column] ?? 0);
      return sum;
    });
  }
}

/** W with W·Wᵀ the inverse of the Gauss-Newton Hessian, in which residuals beyond delta count with delta / |r|. */
function transformAt(objective: HuberObjective, optimum: Float64Array, weights?: Float64Array): Float64Array {
  const jacobian = objective.jacobian(optimum);
  const { rows, columns: size } = jacobian;
  const roots = objective.residuals(optimum).map((residual, row) => Math.sqrt((weights?.[row] ?? 1) * Math.min(1, objective.delta / Math.abs(residual))));
  const weighted = jacobian.values.map((value, at) => value * (roots[Math.floor(at / size)] ?? 0));
  const lengths = Float64Array.from({ length: size }, (_, column) => {
    let square = 0;
    for (let row = 0; row < rows; row++) square += (weighted[row * size + column] ?? 0) ** 2;
    return Math.sqrt(square);
  });
  const floor = flattest * Math.max(...lengths, Number.MIN_VALUE);
  const scales = lengths.map((length) => (length >= 0 ? 1 / Math.max(length, floor) : 1));
  const triangle = triangleOf({ values: weighted.map((value, at) => value * (scales[at % size] ?? 1)), rows, columns: size });
  const bounded = triangle.map((value, at) => (at % (size + 1) === 0 ? Math.max(value || 0, flattest) : value));
  return inverseTransposed(bounded, size).map((value, at) => value * (scales[Math.floor(at / size)] ?? 1));
}
