/**
 * Quantisation of an ONNX graph's weights: matrices become whole numbers of 8 or 4 bits, in blocks along the axis that a
 * product sums over, each with one float32 scale. Products are ONNX Runtime's MatMulNBits; rows of embeddings are widened
 * as they are read, from the same array where a product reads it too.
 */
import { attribute, bytesOf } from "../engines/onnx/builder.ts";
import { MICROSOFT_DOMAIN, OnnxType, type OnnxGraph, type OnnxNode, type OnnxTensor } from "../engines/onnx/proto.ts";
import { transpose } from "./correspondence.ts";

export type Bits = 4 | 8;

/** Elements that share a scale. */
const BLOCK = 32;

/**
 * MatMulNBits rounds activations to 8 bits too, block by block, at this level of accuracy; at others it widens all weights
 * at every call, which took more than ten times as long a token.
 */
const ACCURACY_LEVEL = 4;

interface Matrix {
  readonly name: string;
  /** [rows, columns], blocks running along the columns. */
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
  readonly bits: Bits;
}

type Initializer = OnnxGraph["initializers"][number];

/** Quantises all matrices of a graph; those that are embeddings have 8 bits also where others have 4. */
export function quantizeWeights(graph: OnnxGraph, bits: Bits): OnnxGraph {
  const matrices = matricesOf(graph, bits);
  const added: Initializer[] = [...matrices.values()].flatMap(quantizeMatrix);
  const constants = new Map<string, Initializer>();
  const nodes = graph.nodes.flatMap((node) => {
    const at = weightPlace(node);
    const matrix = at === undefined ? undefined : matrices.get(node.inputs[at] ?? "");
    if (matrix === undefined) return [node];
    return node.operator === "Gather" ? gatherRows(node, matrix, constants) : [multiply(node, matrix)];
  });
  return { ...graph, nodes, initializers: [...graph.initializers.filter(({ name }) => !matrices.has(name)), ...added, ...constants.values()] };
}

/** The matrices that nothing but products, as their right operand, and look-ups of rows read. */
function matricesOf(graph: OnnxGraph, bits: Bits): Map<string, Matrix> {
  const readers = new Map<string, { node: OnnxNode; at: number }[]>();
  for (const node of graph.nodes) {
    node.inputs.forEach((name, at) => readers.set(name, [...readers.get(name) ?? [], { node, at }]));
  }
  const matrices = new Map<string, Matrix>();
  for (const { name, type, dims, raw } of graph.initializers) {
    const own = readers.get(name) ?? [];
    const layouts = own.map(({ node, at }) => (weightPlace(node) === at ? layoutOf(node) : undefined));
    const [layout] = layouts;
    const [outer = 0, inner = 0] = dims;
    if (type !== OnnxType.float32 || dims.length !== 2 || layout === undefined || layouts.some((other) => other !== layout)) continue;
    const data = new Float32Array(Uint8Array.from(raw).buffer);
    const isEmbedding = own.some(({ node }) => node.operator === "Gather");
    matrices.set(name, layout === "rows"
      ? { name, data, rows: outer, columns: inner, bits: isEmbedding ? 8 : bits }
      : { name, data: transpose(data, outer, inner), rows: inner, columns: outer, bits });
  }
  return matrices;
}

/** Which input of a node may be a quantised matrix. */
function weightPlace({ operator }: OnnxNode): number | undefined {
  return operator === "Gather" ? 0 : operator === "MatMul" || operator === "FusedMatMul" ? 1 : undefined;
}

/** Whether sums run along a matrix's rows, as in x Wᵀ and look-ups, or along its columns; `undefined` where a node does more. */
function layoutOf({ operator, attributes }: OnnxNode): "rows" | "columns" | undefined {
  if (operator === "MatMul") return "columns";
  const { axis, transA, transB, alpha } = attributes;
  if (operator === "Gather") return axis === undefined || (axis.kind === "int" && axis.value === 0) ? "rows" : undefined;
  if ((transA?.kind === "int" && transA.value !== 0) || alpha !== undefined) return undefined;
  return transB?.kind === "int" && transB.value === 1 ? "rows" : "columns";
}

/** Numbers [rows, blocks, BLOCK·bits / 8] and scales [rows, blocks]. */
function quantizeMatrix({ name, data, rows, columns, bits }: Matrix): Initializer[] {
  const blocks = Math.ceil(columns / BLOCK);
  const zero = 2 ** (bits - 1);
  const numbers = new Uint8Array((rows * blocks * BLOCK * bits) / 8).fill(bits === 8 ? zero : zero * 17);
  const scales = new Float32Array(rows * blocks);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const start = row * columns + block * BLOCK;
      const end = Math.min(start + BLOCK, (row + 1) * columns);
      const scale = Math.fround(extremeOf(data, start, end) / -zero);
      if (scale === 0) continue;
      const at = row * blocks + block;
      scales[at] = scale;
      for (let from = start, to = at * BLOCK; from < end; from++, to++) {
        const number = Math.min(2 * zero - 1, Math.max(0, Math.round((data[from] ?? 0) / scale) + zero));
        if (bits === 8) numbers[to] = number;
        else setNibble(numbers, to, number);
      }
    }
  }
  const made = (suffix: string, type: OnnxType, dims: number[], raw: Uint8Array): Initializer => ({ name: `${name}${suffix}`, type, dims, raw });
  return [
    made(":numbers", OnnxType.uint8, [rows, blocks, (BLOCK * bits) / 8], numbers),
    made(":scales", OnnxType.float32, [rows, blocks], bytesOf(scales)),
  ];
}

/** The value farthest from zero, with its sign: it becomes the number 0, which has the one step more. */
function extremeOf(data: Float32Array, start: number, end: number): number {
  let extreme = 0;
  for (let at = start; at < end; at++) if (Math.abs(data[at] ?? 0) > Math.abs(extreme)) extreme = data[at] ?? 0;
  return extreme;
}

/** Even places are the low halves of their bytes. */
function setNibble(bytes: Uint8Array, place: number, number: number): void {
  const old = bytes[place >> 1] ?? 0;
  bytes[place >> 1] = place % 2 === 0 ? (old & 0xf0) | number : (old & 0x0f) | (number << 4);
}

function multiply(node: OnnxNode, { name, rows, columns, bits }: Matrix): OnnxNode {
  return {
    ...node, operator: "MatMulNBits", domain: MICROSOFT_DOMAIN, inputs: [node.inputs[0] ?? "", `${name}:numbers`, `${name}:scales`],
    attributes: {
      K: attribute.int(columns), N: attribute.int(rows), bits: attribute.int(bits), block_size: attribute.int(BLOCK),
      accuracy_level: attribute.int(ACCURACY_LEVEL),
    },
  };
}

/** (numbers[i] − 128) · scales[i], and what fills the last block cut off. */
function gatherRows(node: OnnxNode, { name, columns }: Matrix, constants: Map<string, Initializer>): OnnxNode[] {
  const [output = ""] = node.outputs;
  const indices = node.inputs[1] ?? "";
  const constant = (label: string, type: OnnxType, dims: number[], raw: Uint8Array): string => {
    const value: OnnxTensor & { name: string } = { name: `${label}:constant`, type, dims, raw };
    constants.set(value.name, value);
    return value.name;
  };
  const int64 = (label: string, values: number[]): string => (
    constant(label, OnnxType.int64, [values.length], bytesOf(BigInt64Array.from(values.map(BigInt)))));
  const step = (operator: string, inputs: string[], result: string, attributes: OnnxNode["attributes"] = {}): OnnxNode => (
    { operator, domain: "", inputs, outputs: [`${output}:${result}`], attributes });
  const of = (result: string): string => `${output}:${result}`;
  return [
    step("Gather", [`${name}:numbers`, indices], "numbers"), // [..., blocks, BLOCK]
    step("Cast", [of("numbers")], "cast", { to: attribute.int(OnnxType.float32) }),
    step("Sub", [of("cast"), constant("zero", OnnxType.float32, [], bytesOf(Float32Array.of(128)))], "centred"),
    step("Gather", [`${name}:scales`, indices], "scales"), // [..., blocks]
    step("Unsqueeze", [of("scales"), int64("last", [-1])], "scale"),
    step("Mul", [of("centred"), of("scale")], "scaled"),
    // An embedding's indices are [batch, time].
    step("Reshape", [of("scaled"), int64("joined", [0, 0, -1])], "joined"),
    { ...step("Slice", [of("joined"), int64("none", [0]), int64(`columns${columns}`, [columns]), int64("last", [-1])], "whole"), outputs: [output] },
  ];
}
