import type { Parameter } from "../../nn/module.ts";
import type { Layout } from "./layout.ts";
import type { ModelCut } from "./model-cut.ts";
import type { ShardedWeights } from "./sharded-weights.ts";

/** Rows of a weight that several devices of a replica hold, whose gradients are summed over them. */
export interface Tie {
  readonly parameter: Parameter;
  readonly row: number;
  readonly rows: number;
  readonly devices: readonly number[];
}

/** What devices hold in common: weights that several stages read, and rows of a shard whose weight a stage reads too. */
export function tiesOf(parameters: readonly Parameter[], { held, vocabulary }: ModelCut, { shards }: Layout): Tie[] {
  return parameters.flatMap((parameter) => {
    const whole = held.flatMap((holds, device) => (holds.includes(parameter) ? [device] : []));
    const isShared = whole.length > 0 && vocabulary?.training.weight === parameter;
    const stretches = isShared ? vocabulary.shards.map(({ weight }, shard) => ({ row: weight.within.row, rows: weight.shape[0] ?? 0, holder: shards[shard] })) : [];
    const ties = isShared ? stretches.map(({ row, rows, holder }) => ({ parameter, row, rows, devices: [...new Set([...whole, ...(holder === undefined ? [] : [holder])])] }))
      : [{ parameter, row: 0, rows: parameter.shape[0] ?? 1, devices: whole }];
    return ties.filter(({ devices }) => devices.length > 1);
  });
}

/** The weights of a device that count for the norm there: what several devices hold counts on the first that has it whole. */
export function countedWeights(parameters: readonly Parameter[], { held }: ModelCut, device: number): Set<string> {
  const isWhole = (name: string): boolean => held.some((holds) => holds.some((weight) => weight.name === name && weight.within === undefined));
  const rows = (held[device] ?? []).filter(({ name, within }) => within !== undefined && !isWhole(name));
  const whole = parameters.filter((parameter) => held.findIndex((holds) => holds.includes(parameter)) === device);
  return new Set([...rows, ...whole].map(({ name }) => name));
}

/** Where a device has the gradient of what is tied. */
export function tiedGradient({ parameter: { name, shape, size }, row, rows }: Tie, weights: ShardedWeights): Float32Array {
  const rowSize = shape.length === 0 ? 1 : size / (shape[0] ?? 1);
  const first = weights.parameters.find((weight) => weight.name === name)?.within?.row ?? 0;
  return weights.gradientOf(name).subarray((row - first) * rowSize, (row - first + rows) * rowSize);
}
