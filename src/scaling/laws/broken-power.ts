import type { Law, LawParameters } from "./law.ts";
import { symbolOf, variableOf, type ScaleVariable } from "./power.ts";

/**
 * A power law whose exponent changes smoothly at a number of breaks.
 *
 * `L(X) = a + b X^(-c0) · Π_i (1 + (X / d_i)^(1 / f_i))^(-c_i f_i)`
 *
 * `a` is the limit, `c0` the first exponent, `d_i` where break i lies, `c_i` by how much the exponent changes there,
 * `f_i` how gradually, as a share of a factor of e in X.
 *
 * Caballero et al. 2022, "Broken neural scaling laws", equation 1.
 *
 * @param breaks how many, at least 0
 */
export function brokenPowerLaw(variable: ScaleVariable, breaks: number): Law {
  const indices = Array.from({ length: breaks }, (_, at) => at + 1);
  const symbol = symbolOf(variable);
  return {
    name: `broken-${variable}-${breaks}`,
    formula: `L = a + b ${symbol}^-c0${indices.map((i) => ` (1 + (${symbol}/d${i})^(1/f${i}))^(-c${i} f${i})`).join("")}`,
    source: "Caballero et al. 2022, equation 1",
    parameterNames: ["a", "b", "c0", ...indices.flatMap((i) => [`c${i}`, `d${i}`, `f${i}`])],
    loss: (parameters, scale) => {
      const x = variableOf(variable, scale);
      const bends = indices.map((i) => bend(x, parameters, i));
      return at(parameters, "a") + at(parameters, "b") * x ** -at(parameters, "c0") * bends.reduce((product, factor) => product * factor, 1);
    },
  };
}

function bend(x: number, parameters: LawParameters, i: number): number {
  const [c, d, f] = [at(parameters, `c${i}`), at(parameters, `d${i}`), at(parameters, `f${i}`)];
  return (1 + (x / d) ** (1 / f)) ** (-c * f);
}

function at(parameters: LawParameters, name: string): number {
  return parameters[name] ?? NaN;
}
