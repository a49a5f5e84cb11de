import type { NumericArray } from "../../engines/engine.ts";

/** Adds one array to another, which is as long. */
export function addArrays({ data: sum }: NumericArray, { data: part }: NumericArray): void {
  for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] ?? 0) + (part[at] ?? 0);
}
