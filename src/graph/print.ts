import type { Node } from "./node.ts";
import { isNode } from "./node.ts";
import { formatShape } from "./shape.ts";
import { Tensor } from "./tensor.ts";
import { TensorMap, topologicalOrder } from "./traverse.ts";

/** Constants of more elements are abbreviated. */
const LONGEST_CONSTANT = 8;

/**
 * A graph as text, one line a node in the order of computation, `# ` and the layer's path at its end. Feeds and states
 * stand by their names and constants by their values; the bodies of loops and composites are indented.
 *
 *     %0 = matmul(x, encoder.weight) : float32 [batch, 512]  # encoder
 *     return %0
 */
export function formatGraph(outputs: readonly Tensor[]): string {
  const printer = new Printer();
  const names = new TensorMap<string>();
  printer.nodes(outputs, names, "");
  printer.results("return", outputs, names, "");
  return printer.lines.join("\n");
}

class Printer {
  readonly lines: string[] = [];
  #created = 0;

  /** One line for each node that the tensors rest on and that has no name yet. */
  nodes(tensors: readonly Tensor[], names: TensorMap<string>, indent: string): void {
    for (const node of topologicalOrder(tensors, names)) {
      const leaf = leafName(node);
      if (leaf !== undefined) names.set(new Tensor(node, 0), leaf);
      else this.#node(node, names, indent);
    }
  }

  results(label: string, tensors: readonly Tensor[], names: TensorMap<string>, indent: string): void {
    if (tensors.length > 0) this.lines.push(`${indent}${label} ${tensors.map((tensor) => names.get(tensor) ?? "?").join(", ")}`);
  }

  #node(node: Node, names: TensorMap<string>, indent: string): void {
    const outputs = node.types.map((_, index) => this.#name(new Tensor(node, index), names));
    const types = node.types.map(({ dtype, shape }) => `${dtype} ${formatShape(shape)}`).join(", ");
    const operands = node.inputs.map((tensor) => names.get(tensor) ?? "?");
    const path = node.path === "" ? "" : `  # ${node.path}`;
    this.lines.push(`${indent}${outputs.join(", ")} = ${call(node, operands)} : ${types}${path}`);
    if (isNode(node, "scan")) {
      const inner = scopeWithin(names);
      const { carries, slices, nextCarries, outputs: stacked } = node.attributes.body;
      this.#placeholders("carry", carries, operands, inner, `${indent}  `);
      this.#placeholders("slice", slices, operands.slice(carries.length), inner, `${indent}  `);
      this.nodes([...nextCarries, ...stacked], inner, `${indent}  `);
      this.results("next", nextCarries, inner, `${indent}  `);
      this.results("output", stacked, inner, `${indent}  `);
    } else if (isNode(node, "composite")) {
      const inner = scopeWithin(names);
      const { placeholders, results } = node.attributes;
      this.#placeholders("argument", placeholders, operands, inner, `${indent}  `);
      this.nodes(results, inner, `${indent}  `);
      this.results("result", results, inner, `${indent}  `);
    }
  }

  #placeholders(label: string, tensors: readonly Tensor[], values: readonly string[], names: TensorMap<string>, indent: string): void {
    tensors.forEach((tensor, at) => {
      this.lines.push(`${indent}${label} ${this.#name(tensor, names)} = ${values[at]} : ${tensor.dtype} ${formatShape(tensor.shape)}`);
    });
  }

  #name(tensor: Tensor, names: TensorMap<string>): string {
    const name = `%${this.#created++}`;
    names.set(tensor, name);
    return name;
  }
}

/** Names given inside a body hold there alone. */
function scopeWithin(names: TensorMap<string>): TensorMap<string> {
  return new TensorMap(names.keys().map((tensor) => [tensor, names.get(tensor) ?? "?"] as const));
}

/** How a node without operands of its own is mentioned where it is used. */
function leafName(node: Node): string | undefined {
  if (isNode(node, "input")) return node.attributes.name;
  if (isNode(node, "state")) return node.attributes.variable.name;
  if (!isNode(node, "constant")) return undefined;
  const { data, shape, dtype } = node.attributes;
  const values = dtype === "bool" ? data.map((value) => value !== 0) : data;
  if (shape.length === 0) return String(values[0]);
  if (data.length > LONGEST_CONSTANT) return `constant${formatShape(shape)}`;
  return `[${values.join(", ")}]${shape.length > 1 ? formatShape(shape) : ""}`;
}

function call(node: Node, operands: readonly string[]): string {
  if (isNode(node, "scan")) return node.attributes.reverse ? "scan(reverse=true)" : "scan()";
  if (isNode(node, "composite")) {
    const { label, parameters } = node.attributes;
    return `${label === "" ? "composite" : label}(${[...operands, ...settings(parameters)].join(", ")})`;
  }
  return `${node.op}(${[...operands, ...settings(node.attributes)].join(", ")})`;
}

function settings(attributes: object): string[] {
  return Object.entries(attributes).map(([name, value]: [string, unknown]) => (
    `${name}=${Array.isArray(value) ? `[${value.join(", ")}]` : String(value)}`));
}
