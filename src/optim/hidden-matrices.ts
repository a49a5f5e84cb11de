import { Attention } from "../nn/attention.ts";
import { Linear } from "../nn/linear.ts";
import { Lstm } from "../nn/lstm.ts";
import type { Module, Parameter } from "../nn/module.ts";

/** A parameter that maps features to features: [input, parts · output]. */
export interface HiddenMatrix {
  readonly variable: Parameter;
  /** Matrices that lie side by side in it: an LSTM's four gates, 1 elsewhere. */
  readonly parts: number;
}

/**
 * The weights between hidden layers: those of `Linear` (and so of multi-head attention and feed-forward layers), `Lstm` and
 * `Attention`. Embeddings, output projections (parameters of the model itself), vectors and gains are not among them.
 */
export function hiddenMatrices(model: Module): HiddenMatrix[] {
  const found = new Map(model.modules().flatMap(matricesOf).map((matrix) => [matrix.variable, matrix]));
  return model.parameters().flatMap((parameter) => found.get(parameter) ?? []);
}

function matricesOf(module: Module): HiddenMatrix[] {
  if (module instanceof Linear) return [{ variable: module.weight, parts: 1 }];
  if (module instanceof Lstm) return [module.weightInput, module.weightHidden].map((variable) => ({ variable, parts: 4 }));
  if (module instanceof Attention) {
    return [module.weightKey, module.weightQuery, module.weightOutput].flatMap((variable) => (variable === undefined ? [] : [{ variable, parts: 1 }]));
  }
  return [];
}
