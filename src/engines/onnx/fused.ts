import type { Node } from "../../graph/node.ts";
import { attribute, bytesOf, type GraphBuilder } from "./builder.ts";
import { MICROSOFT_DOMAIN, OnnxType } from "./proto.ts";

type Fused = (
  inputs: readonly string[],
  parameters: Readonly<Record<string, number>>,
  builder: GraphBuilder,
  node: Node<"composite">,
) => readonly string[];

/**
 * Attention over a cache, into which it writes the new keys and values. The operator asks for the last place of each
 * row, and turns positions by tables of cosines and sines.
 */
const groupQueryAttention: Fused = (inputs, { heads = 1, keyValueHeads = 1, rotaryBase, size = 1, context = 1 }, builder, node) => {
  const [query = "", key = "", value = "", keys = "", values = "", lengths = ""] = inputs;
  const time = builder.add("Cast", [builder.dim(node.inputs[0]?.dim(1) ?? 1)], { to: attribute.int(OnnxType.int32) }); // [1]
  const totals = builder.add("Add", [lengths, time]); // [rows]
  const last = builder.add("Sub", [totals, builder.int32(1)]);
  const longest = builder.add("ReduceMax", [totals], { keepdims: attribute.int(0) });
  const tables = rotaryBase === undefined ? [] : rotaryTables(rotaryBase, size, context).map((table) => (
    builder.constant(OnnxType.float32, [context, size / 2], bytesOf(table))));
  return builder.addAll("GroupQueryAttention", [query, key, value, keys, values, last, longest, ...tables], {
    num_heads: attribute.int(heads), kv_num_heads: attribute.int(keyValueHeads), do_rotary: attribute.int(Number(rotaryBase !== undefined)),
  }, 3, MICROSOFT_DOMAIN);
};

/** Cosines and sines of position / base^(2i / size): [context, size / 2] each. */
function rotaryTables(base: number, size: number, context: number): [Float32Array, Float32Array] {
  const half = size / 2;
  const angles = Array.from({ length: context * half }, (_, at) => Math.floor(at / half) * base ** ((-2 * (at % half)) / size));
  return [Float32Array.from(angles, Math.cos), Float32Array.from(angles, Math.sin)];
}

/** Composites that the engine computes with one operator, by label. */
export const FUSED: ReadonlyMap<string, Fused> = new Map<string, Fused>([
  ["softmax", (inputs, _parameters, builder) => [builder.add("Softmax", inputs, { axis: attribute.int(-1) })]],
  ["logSoftmax", (inputs, _parameters, builder) => [builder.add("LogSoftmax", inputs, { axis: attribute.int(-1) })]],
  ["layerNorm", (inputs, { epsilon = 0 }, builder) => builder.addAll(
    "LayerNormalization", inputs, { axis: attribute.int(-1), epsilon: attribute.float(epsilon) }, 3)],
  ["rmsNorm", (inputs, { epsilon = 0 }, builder) => builder.addAll(
    "SimplifiedLayerNormalization", inputs, { axis: attribute.int(-1), epsilon: attribute.float(epsilon) }, 2)],
  ["gelu", (inputs, _parameters, builder) => [builder.add("Gelu", inputs, {}, MICROSOFT_DOMAIN)]],
  ["geluTanh", (inputs, _parameters, builder) => [builder.add("Gelu", inputs, { approximate: attribute.string("tanh") })]],
  ["rotate", ([x = "", cosine = "", sine = ""], _parameters, builder) => (
    [builder.add("RotaryEmbedding", [x, builder.int64([0]), cosine, sine], {}, MICROSOFT_DOMAIN)])],
  ["cachedAttention", groupQueryAttention],
]);

/** Which input each output is written over, element for element, where both are given the same array. */
export const WRITTEN_OVER: ReadonlyMap<string, Readonly<Record<number, number>>> = new Map([["cachedAttention", { 1: 3, 2: 4 }]]);
