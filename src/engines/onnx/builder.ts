import { addDims, dimensionTerms, quotientOf, type Dim, type Quotient } from "../../graph/dimension.ts";
import type { DType } from "../../graph/dtype.ts";
import type { Node } from "../../graph/node.ts";
import type { OperationName } from "../../graph/operations.ts";
import type { Shape } from "../../graph/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { topologicalOrder, type TensorMap } from "../../graph/traverse.ts";
import { OnnxType, type OnnxAttribute, type OnnxGraph, type OnnxNode, type OnnxTensor, type OnnxValue } from "./proto.ts";

export const attribute = {
  int: (value: number): OnnxAttribute => ({ kind: "int", value }),
  ints: (value: readonly number[]): OnnxAttribute => ({ kind: "ints", value }),
  float: (value: number): OnnxAttribute => ({ kind: "float", value }),
  string: (value: string): OnnxAttribute => ({ kind: "string", value }),
  graph: (value: OnnxGraph): OnnxAttribute => ({ kind: "graph", value }),
};

export const ONNX_TYPE: Readonly<Record<DType, OnnxType>> = {
  float32: OnnxType.float32, int32: OnnxType.int32, bool: OnnxType.bool,
};

/** One graph under construction: the model's own, or a loop's body inside another. */
interface Scope {
  readonly nodes: OnnxNode[];
  /** Nodes that belong to this body; the outermost scope takes all others. */
  readonly inner: ReadonlySet<Node> | undefined;
  readonly outer: Scope | undefined;
}

/** A product's dimension that is summed over, and how many elements its result has. */
export interface UnsetSum {
  readonly over: Dim;
  readonly size: Dim;
}

/** How a node becomes ONNX nodes: returns the names of its outputs. */
export type LowerNode = (node: Node, builder: GraphBuilder) => readonly string[];

/** Operations that others may take in. */
const ON_DEMAND: ReadonlySet<OperationName> = new Set<OperationName>(["input", "state", "constant", "transpose"]);

/** Collects ONNX nodes on demand, each in the scope to which it belongs, and names what they produce. */
export class GraphBuilder {
  readonly inputs: OnnxValue[] = [];
  readonly initializers = new Map<string, OnnxTensor & { readonly name: string }>();
  /** Sums of products that the runtime leaves unset where they are of nothing. */
  readonly unsetSums: UnsetSum[] = [];
  readonly #names = new Map<Node, readonly string[]>();
  readonly #dims = new Map<string, string>();
  readonly #dimSources: ReadonlyMap<string, { readonly value: string; readonly axis: number }>;
  readonly #lower: LowerNode;
  readonly #taken: ReadonlySet<string>;
  readonly #root: Scope = { nodes: [], inner: undefined, outer: undefined };
  #scope = this.#root;
  #created = 0;

  /** `taken`: names that values have already, those of the feeds. */
  constructor(lower: LowerNode, dimSources: ReadonlyMap<string, { readonly value: string; readonly axis: number }>, taken: ReadonlySet<string>) {
    this.#lower = lower;
    this.#dimSources = dimSources;
    this.#taken = taken;
  }

  get nodes(): readonly OnnxNode[] {
    return this.#root.nodes;
  }

  /** The name of a tensor's value, lowering what it rests on first. */
  value({ node, index }: Tensor): string {
    const known = this.#names.get(node) ?? this.#lowerInScope(node);
    const name = known[index];
    if (name === undefined) throw new Error(`${node.op} was lowered without its output ${index}.`);
    return name;
  }

  /** Lowers what the tensors rest on, up to `stop`, inputs first, so that no chain of operations overflows the stack. */
  prepare(tensors: readonly Tensor[], stop?: TensorMap<unknown>): void {
    for (const node of topologicalOrder(tensors, stop)) {
      if (!ON_DEMAND.has(node.op) && !this.#names.has(node)) this.#lowerInScope(node);
    }
  }

  /** States the names of a node's outputs: placeholders, feeds. */
  name(node: Node, names: readonly string[]): void {
    this.#names.set(node, names);
  }

  fresh(hint: string): string {
    const name = `${hint}_${this.#created++}`;
    return this.#taken.has(name) ? this.fresh(hint) : name;
  }

  /** Adds an ONNX node to the current scope and names its outputs. */
  addAll(operator: string, inputs: readonly string[], attributes: Record<string, OnnxAttribute> = {}, outputs = 1, domain = ""): string[] {
    const names = Array.from({ length: outputs }, () => this.fresh(operator));
    this.#scope.nodes.push({ operator, domain, inputs, outputs: names, attributes });
    return names;
  }

  add(operator: string, inputs: readonly string[], attributes: Record<string, OnnxAttribute> = {}, domain = ""): string {
    const [name = ""] = this.addAll(operator, inputs, attributes, 1, domain);
    return name;
  }

  /** Adds a copy of a value under a given name. */
  identity(value: string, name: string): void {
    this.#scope.nodes.push({ operator: "Identity", domain: "", inputs: [value], outputs: [name], attributes: {} });
  }

  /** Whether a value is the output of a node outside all loops. */
  isProduced(value: string): boolean {
    return this.#root.nodes.some(({ outputs }) => outputs.includes(value));
  }

  /** Runs `build` with a new body as the current scope; returns the nodes that it gathered. */
  body(inner: ReadonlySet<Node>, build: () => void): readonly OnnxNode[] {
    const scope: Scope = { nodes: [], inner, outer: this.#scope };
    this.#within(scope, build);
    for (const node of inner) this.#names.delete(node); // another loop may share the body
    return scope.nodes;
  }

  /** A constant of the model, stored once. */
  constant(type: OnnxType, dims: readonly number[], raw: Uint8Array): string {
    const key = `${type}[${dims.join()}]${Buffer.from(raw).toString("base64")}`;
    const known = this.initializers.get(key);
    if (known !== undefined) return known.name;
    const name = this.fresh("constant");
    this.initializers.set(key, { name, type, dims, raw });
    return name;
  }

  int64(values: readonly (number | bigint)[], dims: readonly number[] = [values.length]): string {
    return this.constant(OnnxType.int64, dims, bytesOf(BigInt64Array.from(values.map(BigInt))));
  }

  uint32(value: number): string {
    return this.constant(OnnxType.uint32, [], bytesOf(Uint32Array.of(value)));
  }

  int32(value: number): string {
    return this.constant(OnnxType.int32, [], bytesOf(Int32Array.of(value)));
  }

  float(value: number): string {
    return this.constant(OnnxType.float32, [], bytesOf(Float32Array.of(value)));
  }

  /** A dimension as an int64 array of one element, computed once, outside all loops. */
  dim(dim: Dim): string {
    if (typeof dim === "number") return this.int64([dim]);
    const known = this.#dims.get(dim);
    if (known !== undefined) return known;
    let name = "";
    this.#within(this.#root, () => {
      const terms = dimensionTerms(dim).map(({ coefficient, factors }) => {
        const values = factors.map((factor) => this.#factor(factor));
        if (coefficient !== 1 || values.length === 0) values.push(this.int64([coefficient]));
        return values.reduce((product, factor) => this.add("Mul", [product, factor]));
      });
      name = terms.reduce((sum, term) => this.add("Add", [sum, term]));
    });
    this.#dims.set(dim, name);
    return name;
  }

  /** A shape as an int64 array. */
  shape(shape: Shape): string {
    if (shape.every((dim) => typeof dim === "number")) return this.int64(shape);
    const key = `[${shape.join()}]`;
    const known = this.#dims.get(key);
    if (known !== undefined) return known;
    let name = "";
    this.#within(this.#root, () => {
      const parts = shape.map((dim) => this.dim(dim));
      name = parts.length === 1 ? parts[0] ?? "" : this.add("Concat", parts, { axis: attribute.int(0) });
    });
    this.#dims.set(key, name);
    return name;
  }

  #factor(factor: string): string {
    const known = this.#dims.get(factor);
    if (known !== undefined) return known;
    const quotient = quotientOf(factor);
    const name = quotient === undefined ? this.#symbol(factor) : this.#quotient(quotient);
    this.#dims.set(factor, name);
    return name;
  }

  /** Integers divide towards zero. */
  #quotient({ dividend, divisor }: Quotient): string {
    const raised = this.dim(addDims(dividend, addDims(divisor, -1)));
    return this.add("Div", [raised, this.dim(divisor)]);
  }

  #symbol(symbol: string): string {
    const source = this.#dimSources.get(symbol);
    if (source === undefined) throw new Error(`The dimension "${symbol}" has no value: no feed has it as a dimension.`);
    return this.add("Shape", [source.value], { start: attribute.int(source.axis), end: attribute.int(source.axis + 1) });
  }

  #lowerInScope(node: Node): readonly string[] {
    let scope = this.#scope;
    while (scope.outer !== undefined && scope.inner?.has(node) !== true) scope = scope.outer;
    let names: readonly string[] = [];
    this.#within(scope, () => (names = this.#lower(node, this)));
    this.#names.set(node, names);
    return names;
  }

  #within(scope: Scope, build: () => void): void {
    const previous = this.#scope;
    this.#scope = scope;
    try {
      build();
    } finally {
      this.#scope = previous;
    }
  }
}

export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
