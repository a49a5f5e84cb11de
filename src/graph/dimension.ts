/**
 * A dimension is a number, or a polynomial in named dimensions in canonical text form: `"batch"`, `"time+1"`,
 * `"2*batch*time"`; quotients rounded up are names of their own. Two dimensions that are `===` are equal.
 */
export type Dim = number | string;

/** Values of the named dimensions in one run. */
export type DimValues = ReadonlyMap<string, number>;

/** Monomial (its names sorted and joined by `*`, `""` for the constant) to coefficient. */
type Polynomial = ReadonlyMap<string, number>;

const parsed = new Map<string, Polynomial>();

function polynomial(dim: Dim): Polynomial {
  if (typeof dim === "number") return new Map(dim === 0 ? [] : [["", dim]]);
  const known = parsed.get(dim);
  if (known !== undefined) return known;
  const terms = new Map<string, number>();
  const text = dim.trim().replace(/ *([+*-]) */g, "$1");
  if (!/^[+-]?[A-Za-z0-9_.*]+([+-][A-Za-z0-9_.*]+)*$/.test(text)) {
    throw new Error(`"${dim}" is not a dimension: expected a number, a name, or sums and products of them, such as "batch*time+1".`);
  }
  for (const [, sign, body = ""] of text.matchAll(/([+-]?)([^+-]+)/g)) {
    let coefficient = sign === "-" ? -1 : 1;
    const names: string[] = [];
    for (const factor of body.split("*")) {
      if (/^\d+$/.test(factor)) coefficient *= Number(factor);
      else if (/^[A-Za-z_][A-Za-z0-9_.]*$/.test(factor)) names.push(factor);
      else throw new Error(`"${dim}" is not a dimension: "${factor}" is neither a whole number nor a name.`);
    }
    addTerm(terms, names.sort().join("*"), coefficient);
  }
  parsed.set(dim, terms);
  return terms;
}

function addTerm(terms: Map<string, number>, monomial: string, coefficient: number): void {
  const sum = (terms.get(monomial) ?? 0) + coefficient;
  if (sum === 0) terms.delete(monomial);
  else terms.set(monomial, sum);
}

function canonical(terms: Polynomial): Dim {
  if (terms.size === 0) return 0;
  if (terms.size === 1 && terms.has("")) return terms.get("") ?? 0;
  let text = "";
  const sorted = [...terms].sort(([a], [b]) => (a === "" ? 1 : b === "" ? -1 : a < b ? -1 : 1));
  for (const [monomial, coefficient] of sorted) {
    const sign = coefficient < 0 ? "-" : text === "" ? "" : "+";
    const size = Math.abs(coefficient);
    text += sign + (monomial === "" ? String(size) : size === 1 ? monomial : `${size}*${monomial}`);
  }
  parsed.set(text, terms);
  return text;
}

/** The canonical form of a dimension that a person wrote. */
export function dimension(dim: Dim): Dim {
  const size = typeof dim === "string" ? canonical(polynomial(dim)) : dim;
  if (typeof size === "number" && (!Number.isInteger(size) || size < 0)) {
    throw new Error(`${size} is not a dimension: expected a whole number, zero or more.`);
  }
  return size;
}

export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a + b;
  const terms = new Map(polynomial(a));
  for (const [monomial, coefficient] of polynomial(b)) addTerm(terms, monomial, coefficient);
  return canonical(terms);
}

export function subtractDims(a: Dim, b: Dim): Dim {
  return addDims(a, multiplyDims(-1, b));
}

export function multiplyDims(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a * b + 0; // never -0
  const terms = new Map<string, number>();
  for (const [left, x] of polynomial(a)) {
    for (const [right, y] of polynomial(b)) {
      const names = [...left.split("*"), ...right.split("*")].filter((name) => name !== "");
      addTerm(terms, names.sort().join("*"), x * y);
    }
  }
  return canonical(terms);
}

/** a / b where it is exact and b is a single term, else `undefined`. */
export function divideDims(a: Dim, b: Dim): Dim | undefined {
  if (a === b && a !== 0) return 1;
  const [divisor, ...others] = polynomial(b);
  if (divisor === undefined || others.length > 0) return undefined;
  const terms = new Map<string, number>();
  for (const [monomial, coefficient] of polynomial(a)) {
    const names = monomial.split("*").filter((name) => name !== "");
    for (const name of divisor[0].split("*").filter((part) => part !== "")) {
      const at = names.indexOf(name);
      if (at < 0) return undefined;
      names.splice(at, 1);
    }
    if (coefficient % divisor[1] !== 0) return undefined;
    addTerm(terms, names.join("*"), coefficient / divisor[1]);
  }
  return canonical(terms);
}

/** A quotient that is no polynomial: a factor of its own, by the text that stands for it. */
const quotients = new Map<string, Quotient>();

/** ⌈dividend / divisor⌉ */
export interface Quotient {
  readonly dividend: Dim;
  readonly divisor: Dim;
}

/** ⌈a / b⌉, for a b that is 1 or more in every run: `"ceil(batch·time / 64)"`. */
export function ceilDivideDims(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return Math.ceil(a / b);
  const exact = divideDims(a, b);
  if (exact !== undefined) return exact;
  const name = `ceil(${a} / ${b})`.replaceAll("*", "·"); // one factor: products are told apart by their stars
  quotients.set(name, { dividend: a, divisor: b });
  return canonical(new Map([[name, 1]]));
}

/** What a factor of a dimension stands for, if it is no name. */
export function quotientOf(factor: string): Quotient | undefined {
  return quotients.get(factor);
}

/** The terms of a dimension, for engines that compute it at run time: coefficient × product of names and quotients. */
export function dimensionTerms(dim: Dim): { coefficient: number; factors: readonly string[] }[] {
  return [...polynomial(dim)].map(([monomial, coefficient]) => (
    { coefficient, factors: monomial.split("*").filter((name) => name !== "") }));
}

/** The value of a dimension, given those of the names. Throws for a name without a value. */
export function dimensionValue(dim: Dim, values: DimValues): number {
  if (typeof dim === "number") return dim;
  return dimensionTerms(dim).reduce((sum, { coefficient, factors }) => (
    sum + factors.reduce((product, factor) => product * factorValue(factor, values), coefficient)), 0);
}

function factorValue(factor: string, values: DimValues): number {
  const quotient = quotientOf(factor);
  if (quotient !== undefined) return Math.ceil(dimensionValue(quotient.dividend, values) / dimensionValue(quotient.divisor, values));
  const value = values.get(factor);
  if (value === undefined) throw new Error(`The dimension "${factor}" has no value: no input of the program has it as a dimension.`);
  return value;
}
