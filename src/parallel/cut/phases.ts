import { placeholder } from "../../graph/control.ts";
import type { OperationName } from "../../graph/operations.ts";
import type { Node } from "../../graph/node.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { rewrite, TensorMap, tensorKey, topologicalOrder } from "../../graph/traverse.ts";
import { Dependence } from "./dependence.ts";

/** A part of a computation that runs on its own. */
export interface Phase {
  /** What it is for, on placeholders for what earlier phases computed. */
  readonly results: readonly Tensor[];
  /** What later phases need of it beyond its results, by the name of their placeholder. */
  readonly kept: ReadonlyMap<string, Tensor>;
}

/** What is not worth keeping: the same numbers in another order or form. */
const VIEWS: ReadonlySet<OperationName> = new Set<OperationName>(["reshape", "transpose", "broadcastTo", "split", "slice", "cast", "not"]);

/**
 * Cuts a computation into phases that run one after another. Values of one phase that a later one needs are kept under
 * the names `kept.0`, `kept.1`, …; what costs next to nothing is computed once more instead.
 * @param activations placeholders that stand for activations; every phase may be fed them
 */
export function cutPhases(phases: readonly (readonly Tensor[])[], activations: readonly Tensor[] = []): Phase[] {
  const dependence = new Dependence(phases.flat(), activations);
  const owners = new Map<Node, number>();
  phases.forEach((results, phase) => {
    for (const node of topologicalOrder(results)) if (!owners.has(node)) owners.set(node, phase);
  });
  const isCopied = (node: Node): boolean => VIEWS.has(node.op) || dependence.isCheap(node) || node.op === "input";
  const names = new TensorMap<string>();
  const kept = phases.map(() => new Map<string, Tensor>());
  const cut = phases.map((results, phase) => {
    const given = new TensorMap<Tensor>();
    for (const tensor of frontier(results, (node) => (owners.get(node) ?? phase) < phase, isCopied)) {
      const name = names.get(tensor) ?? `kept.${names.keys().length}`;
      names.set(tensor, name);
      kept[owners.get(tensor.node) ?? phase]?.set(name, tensor);
      given.set(tensor, placeholder(name, tensor));
    }
    return given;
  });
  return phases.map((results, phase) => {
    const own = kept[phase] ?? new Map<string, Tensor>();
    const rewritten = rewrite([...results, ...own.values()], cut[phase] ?? new TensorMap());
    return { results: rewritten.slice(0, results.length), kept: new Map([...own.keys()].map((name, at) => [name, rewritten[results.length + at]] as [string, Tensor])) };
  });
}

/** The tensors of earlier phases at which results end, past those that are computed once more. */
function frontier(results: readonly Tensor[], isEarlier: (node: Node) => boolean, isCopied: (node: Node) => boolean): Tensor[] {
  const found = new TensorMap<true>();
  const seen = new Set<string>();
  const pending = [...results];
  for (let tensor = pending.pop(); tensor !== undefined; tensor = pending.pop()) {
    if (seen.has(tensorKey(tensor))) continue;
    seen.add(tensorKey(tensor));
    if (isEarlier(tensor.node) && !isCopied(tensor.node)) found.set(tensor, true);
    else pending.push(...tensor.node.inputs);
  }
  return found.keys();
}
