import type { Node } from "../../graph/node.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { dependents, TensorMap, tensorKey } from "../../graph/traverse.ts";
import { attribute, ONNX_TYPE, type GraphBuilder } from "./builder.ts";
import type { OnnxGraph, OnnxValue } from "./proto.ts";

/** A loop becomes ONNX's Scan; what its body captures it sees by name. */
export function lowerScan(node: Node<"scan">, builder: GraphBuilder): readonly string[] {
  const { body, reverse } = node.attributes;
  const placeholders = [...body.carries, ...body.slices];
  const results = [...body.nextCarries, ...body.outputs];
  const inner = dependents(results, new TensorMap(placeholders.map((tensor) => [tensor, true] as const)));
  const inputs = placeholders.map((tensor): OnnxValue => {
    const name = builder.fresh("slot");
    builder.name(tensor.node, [name]);
    return valueOf(name, tensor);
  });
  const fed = node.inputs.slice(0, placeholders.length).map((tensor) => builder.value(tensor));
  const outputs: OnnxValue[] = [];
  const nodes = builder.body(inner, () => {
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

/** Named dimensions are left out: ONNX Runtime would check them against the names of the enclosing graph. */
function valueOf(name: string, { shape, dtype }: Tensor): OnnxValue {
  return { name, type: ONNX_TYPE[dtype], shape };
}
