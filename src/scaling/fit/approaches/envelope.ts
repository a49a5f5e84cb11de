import { fillIntegers } from "../../../metrics/counter-random.ts";
import { flopsOf, type Observation } from "../../observation.ts";
import { ScalingError } from "../../scaling-error.ts";
import { allocate, allocationIntervals, type Allocation, type AllocationIntervals, type BestAtCompute } from "./power-fit.ts";

/** At how many computes, evenly spaced in their logarithm, the lowest curve is sought; 1,500 in Hoffmann et al. 2022. */
const computes = 1500;

/** The measurements of one training, in the order of its compute. */
export interface Curve {
  readonly name: string;
  readonly measurements: readonly Observation[];
}

/** The lowest of the curves at a compute. */
export interface EnvelopePoint extends BestAtCompute {
  readonly loss: number;
}

/** What Approach 1 finds. */
export interface EnvelopeFit {
  readonly allocation: Allocation;
  readonly intervals: AllocationIntervals;
  /** Least squares of log N along the envelope. */
  readonly objective: number;
  readonly r2: number;
  readonly curves: readonly Curve[];
  readonly envelope: readonly EnvelopePoint[];
}

/**
 * Approach 1 of Hoffmann et al. 2022, section 3.1: at each compute the training whose curve is lowest there, and power laws
 * through its size and its tokens so far. Between measurements a curve is straight in log C and log L.
 *
 * @param observations several of each training, told apart by their names
 * @param level of the intervals, from trainings drawn anew
 * @throws ScalingError when there are no curves of at least three sizes, or fewer than two of the sizes between are ever lowest
 */
export function fitEnvelope(observations: readonly Observation[], { level, repetitions, seed }: { readonly level: number; readonly repetitions: number; readonly seed: number }): EnvelopeFit {
  const curves = curvesOf(observations);
  const sizes = new Set(curves.map(({ measurements: [first] }) => first?.parameters)).size;
  if (sizes < 3) {
    throw new ScalingError(`Approach 1 needs training curves of at least three sizes, several rows with the same name in the column of --run, but the ${observations.length} rows hold ${curves.length === 0 ? "none" : `curves of ${sizes} only`}; add rows along each training, or use --approach 3.`);
  }
  const [low, high] = sharedRange(curves);
  const grid = Array.from({ length: computes }, (_, at) => low * (high / low) ** (at / (computes - 1)));
  const envelope = envelopeOf(curves, grid);
  if (!determinesLaw(envelope)) {
    throw new ScalingError("Approach 1 needs at least two sizes that are lowest somewhere, besides the smallest and the largest; train more sizes between these, or use --approach 3.");
  }
  const { squares, r2, ...allocation } = allocate(envelope);
  const coarse = grid.filter((_, at) => at % 15 === 0);
  const picks = new Uint32Array(curves.length);
  const draws = Array.from({ length: repetitions }, (_, draw) => {
    fillIntegers(picks, curves.length, seed, draw);
    return envelopeOf([...new Set(picks)].flatMap((pick) => curves[pick] ?? []), coarse);
  }).filter(determinesLaw).map(allocate);
  return { allocation, intervals: allocationIntervals(draws, level), objective: squares, r2, curves, envelope };
}

function curvesOf(observations: readonly Observation[]): Curve[] {
  const named = new Map<string, Observation[]>();
  for (const observation of observations) {
    if (observation.name === undefined) continue;
    const before = named.get(observation.name);
    if (before === undefined) named.set(observation.name, [observation]);
    else before.push(observation);
  }
  return [...named].filter(([, measurements]) => measurements.length > 1)
    .map(([name, measurements]) => ({ name, measurements: measurements.sort((a, b) => flopsOf(a) - flopsOf(b)) }));
}

/** From where a second curve begins to where the last but one ends: elsewhere there is nothing to choose. */
function sharedRange(curves: readonly Curve[]): readonly [number, number] {
  const ends = (at: number) => curves.map(({ measurements }) => flopsOf(measurements.at(at) ?? { parameters: NaN, tokens: NaN })).sort((a, b) => a - b);
  return [ends(0)[1] ?? NaN, ends(-1).at(-2) ?? NaN];
}

function envelopeOf(curves: readonly Curve[], grid: readonly number[]): EnvelopePoint[] {
  const sizes = curves.map(({ measurements: [first] }) => first?.parameters ?? NaN);
  const [smallest, largest] = [Math.min(...sizes), Math.max(...sizes)];
  return grid.flatMap((flops) => {
    const points = curves.flatMap((curve) => pointAt(curve, flops) ?? []);
    if (points.length === 0) return [];
    const best = points.reduce((lowest, point) => (point.loss < lowest.loss ? point : lowest));
    // Where the smallest or the largest is lowest, the best size may lie beyond it.
    return best.parameters > smallest && best.parameters < largest ? [best] : [];
  });
}

/** Whether a power law goes through an envelope: it has two sizes at least. */
function determinesLaw(envelope: readonly EnvelopePoint[]): boolean {
  return new Set(envelope.map(({ parameters }) => parameters)).size > 1;
}

function pointAt({ measurements }: Curve, flops: number): EnvelopePoint | undefined {
  const after = measurements.findIndex((each) => flopsOf(each) >= flops);
  const to = measurements[after];
  const from = measurements[after - 1] ?? to;
  if (to === undefined || from === undefined || flopsOf(from) > flops) return undefined;
  const span = Math.log(flopsOf(to) / flopsOf(from));
  const share = span === 0 ? 0 : Math.log(flops / flopsOf(from)) / span;
  const between = (a: number, b: number): number => a * (b / a) ** share;
  return { flops, parameters: to.parameters, tokens: between(from.tokens, to.tokens), loss: between(from.loss, to.loss) };
}
