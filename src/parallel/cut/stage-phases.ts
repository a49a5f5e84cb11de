import { placeholder } from "../../graph/control.ts";
import { dimensionValue, type DimValues } from "../../graph/dimension.ts";
import { backpropagate } from "../../graph/gradients.ts";
import { isNode } from "../../graph/node.ts";
import { simplify } from "../../graph/simplify.ts";
import { constant, zeros, type Tensor } from "../../graph/tensor.ts";
import { topologicalOrder } from "../../graph/traverse.ts";
import type { Parameter } from "../../nn/module.ts";
import { cutPhases, type Phase } from "./phases.ts";
import type { StageGraph } from "./stages.ts";

/** How the backward pass is done: as one, or the gradient by the stage's input before the one by its weights. */
export type Backward = "whole" | "split" | "none";

/** A phase, and what becomes of its results: they are fetched under a name, or added to the gradient of a parameter. */
export interface StagePhase extends Phase {
  readonly targets: readonly (string | Parameter)[];
}

/** A stage's forward pass, and its gradients by inputs and parameters. A scalar among its outputs is the loss. */
export function stagePhases(graph: StageGraph, parameters: readonly Parameter[], backward: Backward): StagePhase[] {
  const cotangents = graph.outputs.map((output, at) => (output.rank === 0 ? constant(1) : placeholder(`slope.${at}`, output)));
  const by = [...graph.inputs, ...parameters.map(({ tensor }) => tensor)];
  const slopes = backward === "none" ? [] : backpropagate(graph.outputs, cotangents, by, { through: true })
    .map((slope, at) => slope ?? zeros(by[at]?.shape ?? []));
  const simplified = simplify([...graph.outputs, ...slopes]); // as one, so that forward and backward share what they can
  const ends = [graph.outputs.length, graph.outputs.length + graph.inputs.length];
  const [forward, byInputs, byWeights] = [simplified.slice(0, ends[0]), simplified.slice(...ends), simplified.slice(ends[1])];
  const outputNames = graph.outputs.map((_, at) => `output.${at}`);
  const slopeNames = graph.inputs.map((_, at) => `inputSlope.${at}`);
  const [groups, targets] = {
    none: [[forward], [outputNames]],
    whole: [[forward, [...byInputs, ...byWeights]], [outputNames, [...slopeNames, ...parameters]]],
    split: [[forward, byInputs, byWeights], [outputNames, slopeNames, parameters]],
  }[backward] as [Tensor[][], (string | Parameter)[][]];
  const activations = [...graph.inputs, ...cotangents.filter((tensor) => isNode(tensor.node, "input"))];
  return cutPhases(groups, activations).map((phase, at) => ({ ...phase, targets: targets[at] ?? [] }));
}

/** Those of the model's parameters that a stage reads. */
export function parametersOf({ outputs }: Pick<StageGraph, "outputs">, parameters: readonly Parameter[]): Parameter[] {
  const read = new Set(topologicalOrder(outputs).flatMap((node) => (isNode(node, "state") ? [node.attributes.variable.name] : [])));
  return parameters.filter(({ name }) => read.has(name));
}

/** What a stage holds of one micro-batch from its forward pass to its last gradient, in bytes. */
export function activationBytes(graph: StageGraph, phases: readonly StagePhase[], dims: DimValues): number {
  const kept = phases.flatMap((phase) => [...phase.kept.values()]);
  return [...graph.inputs, ...graph.outputs, ...kept].reduce((sum, { shape, dtype }) => (
    sum + shape.reduce<number>((product, dim) => product * dimensionValue(dim, dims), dtype === "bool" ? 1 : 4)), 0);
}
