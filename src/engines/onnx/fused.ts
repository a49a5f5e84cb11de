import type { Node } from "../../graph/node.ts";
import { attribute, type GraphBuilder } from "./builder.ts";
import { MICROSOFT_DOMAIN, OnnxType } from "./proto.ts";

type Fused = (
  inputs: readonly string[],
  parameters: Readonly<Record<string, number>>,
  builder: GraphBuilder,
  node: Node<"composite">,
) => readonly string[];

/** The operator asks for the last place of each row. Where the new cache goes into the old one's arrays, it copies nothing. */
const groupQueryAttention: Fused = (inputs, { heads = 1, keyValueHeads = 1 }, builder, node) => {
  const [query = "", key = "", value = "", keys = "", values = "", lengths = ""] = inputs;
  const time = builder.add("Cast", [builder.dim(node.inputs[0]?.dim(1) ?? 1)], { to: attribute.int(OnnxType.int32) }); // [1]
  const totals = builder.add("Add", [lengths, time]); // [rows]
  const last = builder.add("Sub", [totals, builder.int32(1)]);
  const longest = builder.add("ReduceMax", [totals], { keepdims: attribute.int(0) });
  return builder.addAll("GroupQueryAttention", [query, key, value, keys, values, last, longest], {
    num_heads: attribute.int(heads), kv_num_heads: attribute.int(keyValueHeads),
  }, 3, MICROSOFT_DOMAIN);
};

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
