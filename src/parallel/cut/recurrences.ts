import { isNode, type Node } from "../../graph/node.ts";
import { Tensor } from "../../graph/tensor.ts";
import { tensorKey, topologicalOrder } from "../../graph/traverse.ts";
import { layerOfPath } from "./units.ts";

/** A loop over time that hands a state on from step to step: a node, and where its states are. */
export interface Recurrence {
  readonly node: Node;
  /** Path of the layer that it is in. */
  readonly layer: string;
  /** Size of what it runs along, the first axis of what it reads. */
  readonly time: Tensor["shape"][number];
  readonly isReverse: boolean;
  /** For each state: which of the node's inputs is the first, and which of its outputs the last. */
  readonly states: readonly { readonly first: number; readonly last: number }[];
}

/** The loops of a graph, inputs first, alone or as the body of a composite. */
export function recurrencesOf(outputs: readonly Tensor[]): Recurrence[] {
  return topologicalOrder(outputs).flatMap((node) => recurrenceOf(node) ?? []);
}

export function recurrenceOf(node: Node): Recurrence | undefined {
  if (isNode(node, "scan")) return loopOf(node, node, (at) => at, (at) => at);
  if (!isNode(node, "composite")) return undefined;
  const { placeholders, results } = node.attributes;
  const [loop, more] = topologicalOrder(results).filter(hasState);
  if (loop === undefined || more !== undefined) return undefined;
  const places = (tensors: readonly Tensor[]) => new Map(tensors.map((tensor, at) => [tensorKey(tensor), at] as const));
  const [inputs, ends] = [places(placeholders), places(results)];
  return loopOf(node, loop,
    (at) => { const tensor = loop.inputs[at]; return tensor && inputs.get(tensorKey(tensor)); },
    (at) => ends.get(tensorKey(new Tensor(loop, at))));
}

function hasState(node: Node): node is Node<"scan"> & Node {
  return isNode(node, "scan") && node.attributes.body.carries.length > 0;
}

/** `inputOf` and `outputOf`: which of the node's inputs and outputs one of the loop's is, if any. */
function loopOf(
  node: Node, loop: Node<"scan"> & Node, inputOf: (at: number) => number | undefined, outputOf: (at: number) => number | undefined,
): Recurrence | undefined {
  const { body: { carries }, reverse } = loop.attributes;
  const states = carries.flatMap((_, at) => {
    const [first, last] = [inputOf(at), outputOf(at)];
    return first === undefined || last === undefined ? [] : [{ first, last }];
  });
  const time = loop.inputs[carries.length]?.shape[0];
  if (carries.length === 0 || states.length < carries.length || time === undefined) return undefined;
  return { node, layer: layerOfPath(node.path) ?? "", time, isReverse: reverse, states };
}
