import { flopsOf, type Scale } from "../observation.ts";
import { ScalingError } from "../scaling-error.ts";
import type { Law } from "./law.ts";

/** What a law of one variable depends on: N, D or C. */
export type ScaleVariable = "parameters" | "tokens" | "flops";

export const scaleVariables = ["parameters", "tokens", "flops"] as const satisfies readonly ScaleVariable[];

export type PowerParameter = "Xc" | "alpha";

/** The value of a variable at a scale; FLOPs that were not counted are 6·N·D. */
export function variableOf(variable: ScaleVariable, scale: Scale): number {
  return variable === "flops" ? flopsOf(scale) : scale[variable];
}

const symbols: Readonly<Record<ScaleVariable, string>> = { parameters: "N", tokens: "D", flops: "C" };

export function symbolOf(variable: ScaleVariable): string {
  return symbols[variable];
}

/**
 * Loss as a power of one variable, where nothing else holds the training back.
 *
 * `L(X) = (Xc / X)^alpha`
 *
 * Kaplan et al. 2020, equations 1.1 to 1.3.
 */
export function powerLaw(variable: ScaleVariable): Law<PowerParameter> {
  const symbol = symbolOf(variable);
  return {
    name: `power-${variable}`,
    formula: `L = (Xc/${symbol})^alpha`,
    source: "Kaplan et al. 2020, equations 1.1 to 1.3",
    parameterNames: ["Xc", "alpha"],
    loss: ({ Xc, alpha }, scale) => (Xc / variableOf(variable, scale)) ** alpha,
  };
}

/** @throws ScalingError when the text names no variable */
export function parseVariable(text: string): ScaleVariable {
  const found = scaleVariables.find((variable) => variable === text);
  if (found === undefined) throw new ScalingError(`A law cannot depend on "${text}"; ${scaleVariables.join(", ")} were expected.`);
  return found;
}
