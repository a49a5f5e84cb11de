/** Whether trainings can tell a law's parameters apart, before anything is made of a fit. */
import type { Observation } from "../observation.ts";
import { ScalingError } from "../scaling-error.ts";
import type { HuberObjective } from "./huber-objective.ts";
import { singularValues } from "./matrix.ts";
import { idle } from "./optimise.ts";
import type { Slots } from "./slots.ts";

/** Below this share of the largest, a singular value of the Jacobian, its columns of length 1, is taken for zero. */
const negligible = 1e-8;
/** From this part on, a parameter has a share in a direction that the data leave open. */
const notable = 0.05;

/**
 * Refuses trainings that cannot determine a law, whatever their losses.
 *
 * @throws ScalingError when they are too few, a loss or a scale is not positive, or size and tokens always go together
 */
export function checkTrainings(slots: Slots, observations: readonly Observation[]): void {
  const { size, form: { law } } = slots;
  if (size === 0) throw new ScalingError(`All parameters of the law ${law.name} are fixed, so there is nothing to fit; free one, or evaluate the law with --with.`);
  if (observations.length < size + 1) {
    const given = observations.length === 1 ? "there is 1" : `there are ${observations.length}`;
    throw new ScalingError(`The law ${law.name} needs at least ${size + 1} trainings, but ${given}: each of its ${size} free parameters (${names(slots)}) takes one to determine, and one more shows how well it fits; add trainings, or fix parameters.`);
  }
  for (const [at, observation] of observations.entries()) checkPositive(observation, at);
  if (slots.form.exponents !== undefined && size > 2) checkRatio(slots, observations);
}

function checkPositive({ parameters, tokens, loss, uniqueTokens = 1, flops = 1, name }: Observation, at: number): void {
  for (const [what, value] of Object.entries({ parameters, tokens, loss, "unique tokens": uniqueTokens, flops })) {
    if (!(value > 0 && Number.isFinite(value))) throw new ScalingError(`Training ${name ?? at + 1} has ${value} ${what}, but its logarithm is taken, so a number above 0 was expected; correct it or leave it out.`);
  }
}

/** Where D is a fixed multiple of a power of N, the parts of size and of data can change places. */
function checkRatio({ form: { law, exponents } }: Slots, observations: readonly Observation[]): void {
  const sizes = observations.map(({ parameters }) => Math.log(parameters));
  const tokens = observations.map((observation) => Math.log(observation.tokens));
  if (distinct(sizes) < 2 || distinct(tokens) < 2 || correlation(sizes, tokens) < 1 - 1e-6) return;
  const ratios = observations.map(({ parameters, tokens: count }) => count / parameters);
  const how = Math.max(...ratios) < 1.01 * Math.min(...ratios) ? `${(ratios[0] ?? NaN).toPrecision(3)} tokens a parameter in each` : "tokens are a power of the size";
  throw new ScalingError(`The trainings cannot tell the parts of size and of data in the law ${law.name} apart (${exponents?.join(" and ") ?? ""} and their factors are loose): both grow together, ${how}; add trainings of the same size on other amounts of tokens.`);
}

/**
 * Refuses a law of which some parameters could change together without changing any prediction.
 *
 * @param optimum of the objective, as free variables
 * @returns the condition number of the Jacobian at the optimum, its columns scaled to length 1
 * @throws ScalingError that names the parameters that are loose, and why
 */
export function checkIdentified(objective: HuberObjective, optimum: Float64Array): number {
  const { slots } = objective;
  const jacobian = objective.jacobian(optimum);
  const lengths = optimum.map((_, column) => Math.hypot(...columnOf(jacobian.values, column, slots.size)));
  const loose = slots.names.filter((_, slot) => (lengths[slot] ?? 0) <= idle).flat();
  if (loose.length > 0) throw new ScalingError(`The trainings leave ${listed(loose)} of the law ${slots.form.law.name} loose: ${reason(objective, loose)}`);
  const scaled = jacobian.values.map((value, at) => value / (lengths[at % slots.size] ?? 1));
  const singular = singularValues({ ...jacobian, values: scaled });
  const [largest, smallest] = [singular[0], singular.at(-1)];
  if (largest === undefined || smallest === undefined) return 1;
  if (smallest.value <= negligible * largest.value) {
    const loose = slots.names.filter((_, slot) => Math.abs(smallest.vector[slot] ?? 0) > notable).flat();
    throw new ScalingError(`The trainings cannot tell ${listed(loose)} of the law ${slots.form.law.name} apart: ${reason(objective, loose)}`);
  }
  return largest.value / smallest.value;
}

function reason({ observations, slots: { form } }: HuberObjective, loose: readonly string[]): string {
  const sizes = distinct(observations.map(({ parameters }) => parameters));
  const amounts = distinct(observations.map(({ tokens }) => tokens));
  if (sizes < 3 && amounts >= 3) return `${sizes === 1 ? "all have the same size" : "there are only two sizes"}; add trainings of other sizes, at least three in all.`;
  if (amounts < 3) return `${amounts === 1 ? "all have as many tokens" : "there are only two amounts of tokens"}; add trainings on other amounts, at least three in all.`;
  if (loose.includes("RD") && !observations.some(({ tokens, uniqueTokens = tokens }) => tokens > uniqueTokens)) return "none sees a token twice; add trainings of several epochs, or fit the law chinchilla.";
  if (loose.every((name) => name === "RN")) return "none is larger than its data could fill; add larger ones on repeated data, or give RN a value with --fix.";
  return `other values of ${loose.length === 1 ? "it" : "them"} give the same losses; fix one, tie the exponents, or take a law with fewer parameters than the ${form.law.parameterNames.length} of this one.`;
}

function columnOf(values: Float64Array, column: number, columns: number): Float64Array {
  return Float64Array.from({ length: values.length / columns }, (_, row) => values[row * columns + column] ?? 0);
}

function names({ names: free }: Slots): string {
  return free.map((each) => each.join(" = ")).join(", ");
}

/** `A`, `A and alpha`, `E, A and alpha` */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1) ?? ""}`;
}

function distinct(values: readonly number[]): number {
  return new Set(values).size;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = (x: readonly number[], y: readonly number[], mx: number, my: number) => x.reduce((sum, value, at) => sum + (value - mx) * ((y[at] ?? 0) - my), 0);
  return product(a, b, meanA, meanB) / Math.sqrt(product(a, a, meanA, meanA) * product(b, b, meanB, meanB));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
