import { isNode, type Node } from "./node.ts";
import { Tensor } from "./tensor.ts";
import { capturesOf, TensorMap, tensorKey, topologicalOrder, withInputs } from "./traverse.ts";

type ScanNode = Node<"scan"> & Node;

/** Drops the carries, slices and outputs of loops that nothing uses. */
export function prune(outputs: readonly Tensor[]): Tensor[] {
  return pruneInto(outputs, new TensorMap());
}

/** Consumers come first, so that a loop which becomes smaller asks less of what feeds it. */
function pruneInto(outputs: readonly Tensor[], replaced: TensorMap<Tensor>): Tensor[] {
  const used = new TensorMap<true>(outputs.map((tensor) => [tensor, true] as const));
  const order = topologicalOrder(outputs, replaced);
  const plans = new Map<Node, Plan>();
  for (const node of [...order].reverse()) {
    const wanted = node.types.flatMap((_, index) => (used.has(new Tensor(node, index)) ? [index] : []));
    if (wanted.length === 0) continue;
    const plan = isNode(node, "scan") ? planOf(node, wanted) : undefined;
    if (plan !== undefined) plans.set(node, plan);
    for (const tensor of plan?.inputs ?? node.inputs) used.set(tensor, true);
  }
  const lookup = (tensor: Tensor): Tensor => replaced.get(tensor) ?? tensor;
  for (const node of order) {
    const plan = plans.get(node);
    if (isNode(node, "scan")) {
      if (plan !== undefined) rebuildScan(node, plan, replaced);
      continue;
    }
    if (node.inputs.every((tensor) => tensorKey(lookup(tensor)) === tensorKey(tensor))) continue;
    if (!node.types.some((_, index) => used.has(new Tensor(node, index)))) continue;
    withInputs(node, node.inputs.map(lookup)).forEach((tensor, index) => replaced.set(new Tensor(node, index), tensor));
  }
  return outputs.map(lookup);
}

/** What of a loop is needed; indices ascend. */
interface Plan {
  readonly carries: readonly number[];
  readonly slices: readonly number[];
  readonly outputs: readonly number[];
  readonly inputs: readonly Tensor[];
}

function planOf(node: ScanNode, wanted: readonly number[]): Plan {
  const { body } = node.attributes;
  const count = body.carries.length;
  const outputs = wanted.filter((index) => index >= count).map((index) => index - count);
  const carries = new Set(wanted.filter((index) => index < count));
  const pickAll = (): Tensor[] => [
    ...[...carries].map((at) => body.nextCarries[at]), ...outputs.map((at) => body.outputs[at]),
  ].filter((tensor) => tensor !== undefined);
  // A carry is needed where another needed result reads it.
  let mentioned = mentions(pickAll());
  for (let size = -1; size !== carries.size;) {
    size = carries.size;
    body.carries.forEach((carry, at) => mentioned.has(carry) && carries.add(at));
    mentioned = mentions(pickAll());
  }
  const slices = body.slices.flatMap((slice, at) => (mentioned.has(slice) ? [at] : []));
  if (slices.length === 0) slices.push(0); // the first one gives the loop's length
  const kept = [...carries].sort((a, b) => a - b);
  const inputs = [...kept, ...slices.map((at) => count + at)].map((at) => node.inputs[at]).filter((tensor) => tensor !== undefined);
  return { carries: kept, slices, outputs, inputs: [...inputs, ...body.captures.filter((tensor) => mentioned.has(tensor))] };
}

/** Everything that the tensors rest on, captures and placeholders included. */
function mentions(tensors: readonly Tensor[]): TensorMap<true> {
  const found = new TensorMap<true>(tensors.map((tensor) => [tensor, true] as const));
  for (const node of topologicalOrder(tensors)) for (const tensor of node.inputs) found.set(tensor, true);
  return found;
}

function rebuildScan(node: ScanNode, plan: Plan, replaced: TensorMap<Tensor>): void {
  const { body, reverse } = node.attributes;
  const count = body.carries.length;
  const select = (tensors: readonly Tensor[], at: readonly number[]): Tensor[] => (
    at.map((index) => tensors[index]).filter((tensor) => tensor !== undefined));
  const results = [...select(body.nextCarries, plan.carries), ...select(body.outputs, plan.outputs)];
  const pruned = pruneInto(results, replaced);
  const smaller = {
    carries: select(body.carries, plan.carries),
    slices: select(body.slices, plan.slices),
    nextCarries: pruned.slice(0, plan.carries.length),
    outputs: pruned.slice(plan.carries.length),
  };
  const fed = select(node.inputs, [...plan.carries, ...plan.slices.map((at) => count + at)]);
  const captures = capturesOf(smaller);
  const inputs = [...fed.map((tensor) => replaced.get(tensor) ?? tensor), ...captures];
  const rebuilt = withInputs(node, inputs, { body: { ...smaller, captures }, reverse });
  plan.carries.forEach((at, index) => replaced.set(new Tensor(node, at), rebuilt[index] ?? fail()));
  plan.outputs.forEach((at, index) => replaced.set(new Tensor(node, count + at), rebuilt[plan.carries.length + index] ?? fail()));
}

function fail(): never {
  throw new Error("A loop lost an output while it was pruned.");
}
