/** Changes to a lowered ONNX graph; graphs inside nodes (loops) are left as they are, for decoders have none. */
import { attribute } from "../engines/onnx/builder.ts";
import { OnnxType, type OnnxGraph, type OnnxNode } from "../engines/onnx/proto.ts";

/** Gives values other names, wherever they are read or written. */
export function renameValues(graph: OnnxGraph, names: ReadonlyMap<string, string>): OnnxGraph {
  const renamed = (name: string): string => names.get(name) ?? name;
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) })),
    inputs: graph.inputs.map((value) => ({ ...value, name: renamed(value.name) })),
    outputs: graph.outputs.map((value) => ({ ...value, name: renamed(value.name) })),
    initializers: graph.initializers.map((value) => ({ ...value, name: renamed(value.name) })),
  };
}

/** Takes the named inputs as int64 and casts them to the types that the graph computes with. */
export function withInt64Inputs(graph: OnnxGraph, types: ReadonlyMap<string, OnnxType>): OnnxGraph {
  const inner = (name: string): string => `${name}:cast`;
  const casts = [...types].map(([name, type]): OnnxNode => (
    { operator: "Cast", domain: "", inputs: [name], outputs: [inner(name)], attributes: { to: attribute.int(type) } }));
  const { nodes } = renameValues({ ...graph, inputs: [] }, new Map([...types.keys()].map((name) => [name, inner(name)])));
  return {
    ...graph,
    nodes: [...casts, ...nodes],
    inputs: graph.inputs.map((value) => (types.has(value.name) ? { ...value, type: OnnxType.int64 } : value)),
  };
}
