import { isNode, type Node } from "../../graph/node.ts";
import { BINARY, UNARY, type OperationName } from "../../graph/operations.ts";
import type { Program, StateUpdate } from "../../graph/program.ts";
import { shapesEqual } from "../../graph/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { tensorKey, topologicalOrder } from "../../graph/traverse.ts";

const ELEMENTWISE: ReadonlySet<OperationName> = new Set<OperationName>([...UNARY, ...BINARY, "where", "reshape"]);

/**
 * Whether a variable's new value may be written over the old one while the program runs: everything that reads the
 * old value must have run before the new one is written, or read each element before writing the same one.
 */
export function canUpdateInPlace(program: Program, { variable, value }: StateUpdate): boolean {
  const outputs = [...program.fetches.map(({ tensor }) => tensor), ...program.updates.map((update) => update.value)];
  const sources = topologicalOrder(outputs).filter((node) => isNode(node, "state") && node.attributes.variable.name === variable.name);
  return sources.every((source) => readBeforeWritten(outputs, (tensor) => tensor.node === source, value));
}

/** `aligned`: the source holds its elements in the order in which they lie in memory. */
function readBeforeWritten(outputs: readonly Tensor[], isSource: (tensor: Tensor) => boolean, value: Tensor, aligned = true): boolean {
  if (outputs.some(isSource)) return false;
  const writer = value.node;
  const earlier = new Set(topologicalOrder([value]));
  return topologicalOrder(outputs).every((reader) => {
    if (!reader.inputs.some(isSource)) return true;
    if (reader !== writer) {
      // A view is read wherever the view is; a product takes in a transposition.
      const isView = isNode(reader, "reshape") || isNode(reader, "transpose");
      if (isView && !readBeforeWritten(outputs, (tensor) => tensor.node === reader, value, aligned && isNode(reader, "reshape"))) return false;
      return isView || (earlier.has(reader) && !mayFuse(reader, writer));
    }
    if (isNode(writer, "scan")) return sliceReadBeforeWritten(writer, isSource, value);
    return aligned && ELEMENTWISE.has(writer.op) && writer.inputs.every((tensor) => !isSource(tensor) || shapesEqual(tensor.shape, value.shape));
  });
}

/** Whether ONNX Runtime may join a product and what is done to each of its elements into one operator. */
function mayFuse(reader: Node, writer: Node): boolean {
  if (reader.op !== "matmul") return false;
  const seen = new Set<Node>();
  const pending = [writer];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node === reader) return true;
    if (seen.has(node) || !ELEMENTWISE.has(node.op)) continue;
    seen.add(node);
    pending.push(...node.inputs.map((tensor) => tensor.node));
  }
  return false;
}

/** A loop that reads slice i in step i alone, and writes it there. */
function sliceReadBeforeWritten(loop: Node<"scan">, isSource: (tensor: Tensor) => boolean, value: Tensor): boolean {
  const { body } = loop.attributes;
  const output = body.outputs[value.index - body.carries.length];
  const at = loop.inputs.findIndex(isSource) - body.carries.length;
  const slice = body.slices[at];
  if (output === undefined || slice === undefined || loop.inputs.filter(isSource).length > 1) return false;
  return readBeforeWritten([...body.nextCarries, ...body.outputs], (tensor) => tensorKey(tensor) === tensorKey(slice), output);
}
