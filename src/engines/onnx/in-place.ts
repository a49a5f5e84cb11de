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
  const nodes = topologicalOrder(outputs);
  const sources = nodes.filter((node) => isNode(node, "state") && node.attributes.variable.name === variable.name);
  if (outputs.some((tensor) => sources.includes(tensor.node))) return false;
  return sources.every((source) => readBeforeWritten(nodes, (tensor) => tensor.node === source, value));
}

function readBeforeWritten(nodes: readonly Node[], isSource: (tensor: Tensor) => boolean, value: Tensor): boolean {
  const writer = value.node;
  const earlier = new Set(topologicalOrder([value]));
  return nodes.every((reader) => {
    if (!reader.inputs.some(isSource)) return true;
    if (reader !== writer) {
      // A reshaped view is read wherever the view is.
      if (isNode(reader, "reshape")) return readBeforeWritten(nodes, (tensor) => tensor.node === reader, value);
      return earlier.has(reader);
    }
    if (isNode(writer, "scan")) return sliceReadBeforeWritten(writer, isSource, value);
    return ELEMENTWISE.has(writer.op) && writer.inputs.every((tensor) => !isSource(tensor) || shapesEqual(tensor.shape, value.shape));
  });
}

/** A loop that reads slice i in step i alone, and writes it there. */
function sliceReadBeforeWritten(loop: Node<"scan">, isSource: (tensor: Tensor) => boolean, value: Tensor): boolean {
  const { body } = loop.attributes;
  const output = body.outputs[value.index - body.carries.length];
  const at = loop.inputs.findIndex(isSource) - body.carries.length;
  const slice = body.slices[at];
  if (output === undefined || slice === undefined || loop.inputs.filter(isSource).length > 1) return false;
  if ([...body.nextCarries, ...body.outputs].some((tensor) => tensorKey(tensor) === tensorKey(slice))) return false;
  const nodes = topologicalOrder([...body.nextCarries, ...body.outputs]);
  return readBeforeWritten(nodes, (tensor) => tensorKey(tensor) === tensorKey(slice), output);
}
