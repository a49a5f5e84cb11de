import type { Node } from "../../graph/node.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { dependents, TensorMap, tensorKey } from "../../graph/traverse.ts";
import { attribute, ONNX_TYPE, type GraphBuilder } from "./builder.ts";
import { OnnxType, type OnnxGraph, type OnnxValue } from "./proto.ts";

/** A loop becomes ONNX's Scan, which ONNX Runtime refuses to run over nothing: a loop that may be empty is chosen by an If. */
export function lowerScan(node: Node<"scan">, builder: GraphBuilder): readonly string[] {
  const { body } = node.attributes;
  const time = node.inputs[body.carries.length]?.shape[0] ?? 0;
  if (typeof time === "number") return time > 0 ? lowerLoop(node, builder) : withoutSteps(node, builder);
  const results = [...body.nextCarries, ...body.outputs];
  const branch = (lower: typeof lowerLoop): OnnxGraph => {
    let names: readonly string[] = [];
    const nodes = builder.body(new Set(), () => (names = lower(node, builder)));
    const outputs = results.map(({ dtype }, at): OnnxValue => (
      { name: names[at] ?? "", type: ONNX_TYPE[dtype], shape: node.types[at]?.shape ?? [] }));
    return { name: builder.fresh("branch"), nodes, inputs: [], outputs, initializers: [] };
  };
  const some = builder.add("Cast", [builder.dim(time)], { to: attribute.int(OnnxType.bool) });
  return builder.addAll("If", [some], {
    then_branch: attribute.graph(branch(lowerLoop)), else_branch: attribute.graph(branch(withoutSteps)),
  }, results.length);
}

/** The results of a loop without steps: carries as they came, and nothing stacked. */
function withoutSteps(node: Node<"scan">, builder: GraphBuilder): readonly string[] {
  const { carries, outputs } = node.attributes.body;
  return [
    ...node.inputs.slice(0, carries.length).map((initial) => builder.add("Identity", [builder.value(initial)])),
    ...outputs.map(({ shape, dtype }) => (
      builder.add("Cast", [builder.add("ConstantOfShape", [builder.shape([0, ...shape])])], { to: attribute.int(ONNX_TYPE[dtype]) }))),
  ];
}

/** What the body captures it sees by name. */
function lowerLoop(node: Node<"scan">, builder: GraphBuilder): readonly string[] {
  const { body, reverse } = node.attributes;
  const placeholders = [...body.carries, ...body.slices];
  const fed = node.inputs.slice(0, placeholders.length).map((tensor) => builder.value(tensor));
  const results = [...body.nextCarries, ...body.outputs];
  const inner = dependents(results, new TensorMap(placeholders.map((tensor) => [tensor, true] as const)));
  const inputs = placeholders.map((tensor): OnnxValue => {
    const name = builder.fresh("slot");
    builder.name(tensor.node, [name]);
    return valueOf(name, tensor);
  });
  const outputs: OnnxValue[] = [];
  const nodes = builder.body(inner, () => {
    builder.prepare(results, new TensorMap([...placeholders, ...body.captures].map((tensor) => [tensor, true] as const)));
    const taken = new Set<string>();
    for (const tensor of results) {
      const value = builder.value(tensor);
      // A result must be the output of a node of the body, and of one result only.
      const own = inner.has(tensor.node) && !taken.has(tensorKey(tensor));
      taken.add(tensorKey(tensor));
      const name = own ? value : builder.fresh("result");
      if (!own) builder.identity(value, name);
      outputs.push(valueOf(name, tensor));
    }
  });
  const graph: OnnxGraph = { name: builder.fresh("body"), nodes, inputs, outputs, initializers: [] };
  const direction = Number(reverse);
  return builder.addAll("Scan", fed, {
    body: attribute.graph(graph),
    num_scan_inputs: attribute.int(body.slices.length),
    scan_input_directions: attribute.ints(body.slices.map(() => direction)),
    scan_output_directions: attribute.ints(body.outputs.map(() => direction)),
  }, results.length);
}

function valueOf(name: string, { shape, dtype }: Tensor): OnnxValue {
  return { name, type: ONNX_TYPE[dtype], shape };
}
