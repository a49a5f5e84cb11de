import { isNode, type Node } from "../../graph/node.ts";
import { BINARY, UNARY, type OperationName } from "../../graph/operations.ts";
import type { Program, StateUpdate } from "../../graph/program.ts";
import { shapesEqual } from "../../graph/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { topologicalOrder } from "../../graph/traverse.ts";

const ELEMENTWISE: ReadonlySet<OperationName> = new Set<OperationName>([...UNARY, ...BINARY, "where", "reshape"]);

/** A graph, the order of its nodes and who reads them. */
interface Readings {
  readonly outputs: readonly Tensor[];
  readonly position: ReadonlyMap<Node, number>;
  readonly readers: ReadonlyMap<Node, readonly Node[]>;
}

/**
 * Tells whether a variable's new value may be written over the old one while the program runs: everything that reads
 * the old value must have run before the new one is written, or read each element before writing the same one.
 */
export function inPlaceUpdates(program: Program): (update: StateUpdate) => boolean {
  const graph = readingsOf([...program.fetches.map(({ tensor }) => tensor), ...program.updates.map(({ value }) => value)]);
  const sources = new Map<string, Node[]>();
  for (const node of graph.position.keys()) {
    if (isNode(node, "state")) append(sources, node.attributes.variable.name, node);
  }
  return ({ variable, value }) => (sources.get(variable.name) ?? []).every((source) => readBeforeWritten(graph, source, value));
}

function readingsOf(outputs: readonly Tensor[]): Readings {
  const position = new Map<Node, number>();
  const readers = new Map<Node, Node[]>();
  for (const [at, node] of topologicalOrder(outputs).entries()) {
    position.set(node, at);
    for (const source of new Set(node.inputs.map((tensor) => tensor.node))) append(readers, source, node);
  }
  return { outputs, position, readers };
}

function append<K>(lists: Map<K, Node[]>, key: K, node: Node): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [node]);
  else list.push(node);
}

/** `aligned`: the source holds its elements in the order in which they lie in memory. */
function readBeforeWritten(graph: Readings, source: Node, value: Tensor, aligned = true): boolean {
  if (graph.outputs.some((output) => output.node === source)) return false;
  const writer = value.node;
  return (graph.readers.get(source) ?? []).every((reader) => {
    if (reader !== writer) {
      // A view is read wherever the view is; a product takes in a transposition.
      if (isNode(reader, "reshape")) return readBeforeWritten(graph, reader, value, aligned);
      if (isNode(reader, "transpose") && !readBeforeWritten(graph, reader, value, false)) return false;
      return runsBefore(graph, reader, writer) && !(reader.op === "matmul" && mayFuse(reader, writer));
    }
    if (isNode(writer, "scan")) return aligned && sliceReadBeforeWritten(writer, source, value);
    return aligned && ELEMENTWISE.has(writer.op)
      && writer.inputs.every((tensor) => tensor.node !== source || shapesEqual(tensor.shape, value.shape));
  });
}

/** Whether the writer rests on the reader. */
function runsBefore({ position }: Readings, reader: Node, writer: Node): boolean {
  const first = position.get(reader) ?? 0;
  return reaches(writer, reader, (node) => (position.get(node) ?? -1) > first);
}

/** Whether ONNX Runtime may join a product and what is done to each of its elements into one operator. */
function mayFuse(product: Node, writer: Node): boolean {
  return reaches(writer, product, ({ op }) => ELEMENTWISE.has(op));
}

/** Whether a node rests on another by way of nodes that pass, itself among them. */
function reaches(from: Node, to: Node, passes: (node: Node) => boolean): boolean {
  const seen = new Set<Node>();
  const pending = [from];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node === to) return true;
    if (seen.has(node) || !passes(node)) continue;
    seen.add(node);
    pending.push(...node.inputs.map((tensor) => tensor.node));
  }
  return false;
}

/** A loop that reads slice i in step i alone, and writes it there. */
function sliceReadBeforeWritten(loop: Node<"scan">, source: Node, value: Tensor): boolean {
  const { body } = loop.attributes;
  const output = body.outputs[value.index - body.carries.length];
  const given = loop.inputs.flatMap((tensor, at) => (tensor.node === source ? [at] : []));
  const slice = body.slices[(given[0] ?? 0) - body.carries.length];
  if (output === undefined || slice === undefined || given.length > 1) return false;
  return readBeforeWritten(readingsOf([...body.nextCarries, ...body.outputs]), slice.node, output);
}
