import type { LawParameters } from "../laws/law.ts";
import { ScalingError } from "../scaling-error.ts";
import { toCoordinate, toParameter, type LawForm } from "./forms/form.ts";

/** What of a law is not left free. */
export interface Restrictions {
  /** Parameters that keep a value. */
  readonly fixed?: Readonly<Record<string, number>>;
  /** Whether the exponents of size and data are the same number. */
  readonly tieExponents?: boolean;
}

/** Which of a law's coordinates an optimiser moves: some keep a value, and two may share one. */
export class Slots {
  /** For each coordinate, the free variable that it is; -1 where it keeps its value. */
  readonly of: Int32Array;
  /** For each free variable, the parameters that it is. */
  readonly names: readonly (readonly string[])[];
  readonly #kept: Float64Array;

  /**
   * @throws ScalingError when a parameter is not the law's, a positive one is not above zero, or the law has no two
   *   exponents to tie
   */
  constructor(readonly form: LawForm, { fixed = {}, tieExponents = false }: Restrictions = {}) {
    const { law: { name: lawName, parameterNames }, exponents, kinds } = form;
    const unknown = Object.keys(fixed).find((name) => !parameterNames.includes(name));
    if (unknown !== undefined) throw new ScalingError(`The law ${lawName} has no parameter "${unknown}"; its parameters are ${parameterNames.join(", ")}.`);
    if (tieExponents && exponents === undefined) throw new ScalingError(`The law ${lawName} has no two exponents that could be tied; leave that out.`);
    const twin = tieExponents ? exponents?.find((name) => fixed[name] !== undefined) : undefined;
    const values: Readonly<Record<string, number>> = twin === undefined || exponents === undefined ? fixed : { ...Object.fromEntries(exponents.map((name) => [name, fixed[twin] ?? NaN])), ...fixed };
    this.of = new Int32Array(parameterNames.length).fill(-1);
    this.#kept = new Float64Array(parameterNames.length);
    const names: string[][] = [];
    parameterNames.forEach((name, at) => {
      const value = values[name];
      const kind = kinds[at] ?? "linear";
      if (value !== undefined) {
        if (kind === "log" && !(value > 0)) throw new ScalingError(`The law's ${name} cannot be fixed at ${value}; it is positive.`);
        this.#kept[at] = toCoordinate(value, kind);
        return;
      }
      const first = tieExponents && name === exponents?.[1] ? this.of[parameterNames.indexOf(exponents[0])] : undefined;
      this.of[at] = first ?? names.length;
      const shared = first === undefined ? undefined : names[first];
      if (shared === undefined) names.push([name]);
      else shared.push(name);
    });
    this.names = names;
  }

  /** How many variables are free. */
  get size(): number {
    return this.names.length;
  }

  /** All coordinates, from the free variables. */
  expand(free: Float64Array, coordinates: Float64Array): void {
    for (let at = 0; at < this.of.length; at++) {
      const slot = this.of[at] ?? -1;
      coordinates[at] = slot < 0 ? this.#kept[at] ?? 0 : free[slot] ?? 0;
    }
  }

  /** The free variables, from all coordinates; where two share one, their mean. */
  contract(coordinates: Float64Array): Float64Array {
    const free = new Float64Array(this.size);
    this.of.forEach((slot, at) => {
      if (slot >= 0) free[slot] = (free[slot] ?? 0) + (coordinates[at] ?? 0) / (this.names[slot]?.length ?? 1);
    });
    return free;
  }

  /** The parameters by name, from the free variables. */
  parameters(free: Float64Array): LawParameters {
    const coordinates = new Float64Array(this.of.length);
    this.expand(free, coordinates);
    return Object.fromEntries(this.form.law.parameterNames.map((name, at) => [name, toParameter(coordinates[at] ?? 0, this.form.kinds[at] ?? "linear")]));
  }

  /** The free variables, from parameters by name. */
  free(parameters: LawParameters): Float64Array {
    return this.contract(Float64Array.from(this.form.law.parameterNames, (name, at) => toCoordinate(parameters[name] ?? NaN, this.form.kinds[at] ?? "linear")));
  }
}
