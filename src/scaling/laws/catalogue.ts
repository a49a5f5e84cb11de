import { nearest } from "../../train/config/suggest.ts";
import { ScalingError } from "../scaling-error.ts";
import { brokenPowerLaw } from "./broken-power.ts";
import { chinchilla } from "./chinchilla.ts";
import { dataConstrained } from "./data-constrained.ts";
import { kaplan } from "./kaplan.ts";
import type { Law } from "./law.ts";
import { parseVariable, powerLaw, scaleVariables } from "./power.ts";

/** Names of the laws; `N` stands for a number of breaks. */
export const lawNames: readonly string[] = [
  chinchilla.name, dataConstrained.name, kaplan.name,
  ...scaleVariables.map((variable) => `power-${variable}`), ...scaleVariables.map((variable) => `broken-${variable}-N`),
];

/**
 * The law of a name, such as `chinchilla`, `power-tokens` or `broken-flops-1`.
 *
 * @throws ScalingError when there is none; it suggests the nearest
 */
export function lawNamed(name: string): Law {
  const fixed = [chinchilla, dataConstrained, kaplan].find((law) => law.name === name);
  if (fixed !== undefined) return fixed;
  const power = /^power-(\w+)$/.exec(name)?.[1];
  if (power !== undefined) return powerLaw(parseVariable(power));
  const [, variable, breaks] = /^broken-(\w+)-(\d)$/.exec(name) ?? [];
  if (variable !== undefined && breaks !== undefined) return brokenPowerLaw(parseVariable(variable), Number(breaks));
  const near = nearest(name, lawNames);
  throw new ScalingError(`There is no law "${name}"; the laws are ${lawNames.join(", ")}.${near === undefined ? "" : ` Did you mean "${near}"?`}`);
}
