import type { Node } from "./node.ts";
import { isNode } from "./node.ts";
import type { OperationAttributes, OperationName } from "./operations.ts";
import { applyAll } from "./apply.ts";
import { Tensor } from "./tensor.ts";
import { withPath } from "./scope.ts";

/** A map keyed by the value that a tensor handle stands for, not by the handle. */
export class TensorMap<V> {
  readonly #entries = new Map<string, { tensor: Tensor; value: V }>();

  constructor(entries: Iterable<readonly [Tensor, V]> = []) {
    for (const [tensor, value] of entries) this.set(tensor, value);
  }

  get(tensor: Tensor): V | undefined {
    return this.#entries.get(tensorKey(tensor))?.value;
  }

  has(tensor: Tensor): boolean {
    return this.#entries.has(tensorKey(tensor));
  }

  set(tensor: Tensor, value: V): void {
    this.#entries.set(tensorKey(tensor), { tensor, value });
  }

  keys(): Tensor[] {
    return [...this.#entries.values()].map(({ tensor }) => tensor);
  }
}

export function tensorKey({ node, index }: Tensor): string {
  return `${node.id}:${index}`;
}

/** All nodes that the tensors reach, inputs first. Does not go past the tensors in `stop`, nor into bodies. */
export function topologicalOrder(outputs: readonly Tensor[], stop?: TensorMap<unknown>): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const pending: { node: Node; next: number }[] = [];
  const visit = (tensor: Tensor): void => {
    if (seen.has(tensor.node) || stop?.has(tensor) === true) return;
    seen.add(tensor.node);
    pending.push({ node: tensor.node, next: 0 });
  };
  for (const output of outputs) {
    visit(output);
    for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
      const child = top.node.inputs[top.next++];
      if (child !== undefined) visit(child);
      else order.push((pending.pop(), top.node));
    }
  }
  return order;
}

/** The nodes among those that the outputs reach, up to `stop`, which depend on any of the given tensors. */
export function dependents(outputs: readonly Tensor[], on: TensorMap<unknown>, stop = on): Set<Node> {
  const found = new Set<Node>();
  for (const node of topologicalOrder(outputs, stop)) {
    if (node.inputs.some((tensor) => on.has(tensor) || found.has(tensor.node))) found.add(node);
  }
  return found;
}

/** Rebuilds one node on other inputs; the bodies of scans and composites by `rebuildBody`. */
export type Rebuild = (node: Node, inputs: readonly Tensor[]) => readonly Tensor[];

/** The same operation on other inputs. */
export function withInputs<K extends OperationName>(node: Node<K>, inputs: readonly Tensor[], attributes: OperationAttributes[K] = node.attributes): Tensor[] {
  return withPath(node.path, () => applyAll(node.op, inputs, attributes));
}

/**
 * Rewrites a graph bottom-up. `replaced` maps tensors to their new form and is extended on the way; a node whose
 * inputs stay the same is offered to `rebuild` all the same, which by default keeps it.
 */
export function rewrite(outputs: readonly Tensor[], replaced: TensorMap<Tensor>, rebuild: Rebuild = keepOrReapply): Tensor[] {
  const lookup = (tensor: Tensor): Tensor => replaced.get(tensor) ?? tensor;
  for (const node of topologicalOrder(outputs, replaced)) {
    const inputs = node.inputs.map(lookup);
    const rewritten = isNode(node, "scan") ? rewriteScan(node, inputs, replaced, rebuild) : node;
    const results = rebuild(rewritten, rewritten === node ? inputs : rewritten.inputs);
    node.types.forEach((_, index) => {
      const result = results[index];
      if (result !== undefined) replaced.set(new Tensor(node, index), result);
    });
  }
  return outputs.map(lookup);
}

/** The node's own outputs where its inputs are what they were, else the same operation on the new ones. */
export function keepOrReapply(node: Node, inputs: readonly Tensor[]): readonly Tensor[] {
  const same = inputs.every((tensor, at) => tensorKey(tensor) === tensorKey(node.inputs[at] ?? tensor));
  return same ? node.types.map((_, index) => new Tensor(node, index)) : withInputs(node, inputs);
}

/** A scan's body mentions tensors of the enclosing graph, so it is rewritten with the same replacements. */
function rewriteScan(node: Node<"scan"> & Node, inputs: readonly Tensor[], replaced: TensorMap<Tensor>, rebuild: Rebuild): Node {
  const { body, reverse } = node.attributes;
  const results = [...body.nextCarries, ...body.outputs];
  const next = rewrite(results, replaced, rebuild);
  const changed = next.some((tensor, at) => tensorKey(tensor) !== tensorKey(results[at] ?? tensor));
  const fed = inputs.slice(0, body.carries.length + body.slices.length);
  if (!changed && inputs.every((tensor, at) => tensorKey(tensor) === tensorKey(node.inputs[at] ?? tensor))) return node;
  const rebuilt = { ...body, nextCarries: next.slice(0, body.carries.length), outputs: next.slice(body.carries.length) };
  const captures = capturesOf(rebuilt);
  const [first] = withInputs(node, [...fed, ...captures], { body: { ...rebuilt, captures }, reverse });
  if (first === undefined) throw new Error("A scan has an output.");
  return first.node;
}

/** The tensors of the enclosing graph on which a body rests: the largest subgraphs free of its placeholders. */
export function capturesOf(body: {
  readonly carries: readonly Tensor[];
  readonly slices: readonly Tensor[];
  readonly nextCarries: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}): Tensor[] {
  const placeholders = new TensorMap([...body.carries, ...body.slices].map((tensor) => [tensor, true] as const));
  const results = [...body.nextCarries, ...body.outputs];
  const inner = dependents(results, placeholders);
  const captures = new TensorMap<true>();
  const note = (tensor: Tensor): void => {
    if (!placeholders.has(tensor) && !inner.has(tensor.node)) captures.set(tensor, true);
  };
  results.forEach(note);
  for (const node of inner) node.inputs.forEach(note);
  return captures.keys();
}
