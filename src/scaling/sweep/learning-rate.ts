import type { Sweep } from "./sweep-schema.ts";

/** The peak learning rate that a rule gives a network; undefined leaves the base configuration's. */
export function learningRateOf(rule: Sweep["learningRate"], { parameters, width }: { parameters: number; width: number }): number | undefined {
  const rate = unrounded(rule, parameters, width);
  return rate === undefined ? undefined : Number(rate.toPrecision(4));
}

function unrounded(rule: Sweep["learningRate"], parameters: number, width: number): number | undefined {
  switch (rule.kind) {
    case "fixed":
      return undefined;
    case "power":
      return rule.rate * (parameters / rule.at) ** -rule.exponent;
    case "width":
      return rule.rate * rule.at / width;
    case "kaplan-2020":
      return 0.003239 - 0.0001395 * Math.log(parameters);
    default:
      return rule satisfies never;
  }
}
