/**
 * A decoder as one ONNX graph for the prompt and for every token after it, with inputs and outputs named as Hugging
 * Face's exporter (optimum) names them:
 *
 *     input_ids int64 [batch_size, sequence_length], attention_mask int64 [batch_size, past_sequence_length+sequence_length],
 *     past_key_values.N.key, .value [batch_size, keyValueHeads, past_sequence_length, size]
 *       → logits [batch_size, sequence_length, vocabulary], present.N.key, .value
 *
 * `present` is the next run's `past_key_values`; at first they have length 0. The mask is 0 for padding, which stands
 * before a row's text, and 1 elsewhere.
 */
import { bytesOf } from "../engines/onnx/builder.ts";
import { lowerToGraph } from "../engines/onnx/lower.ts";
import { OnnxType, type OnnxGraph } from "../engines/onnx/proto.ts";
import { addDims } from "../graph/dimension.ts";
import { buildProgram, float32, int32, type ArrayType, type Program } from "../graph/program.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpt } from "../models/gpt.ts";
import { carriedTensor } from "../models/language-model.ts";
import { ExchangeError } from "./exchange-error.ts";
import { CACHE_PARTS, pastName } from "./onnx-decoder.ts";
import { renameValues, withInt64Inputs } from "./onnx-graph.ts";

const [BATCH, PAST, TIME] = ["batch_size", "past_sequence_length", "sequence_length"] as const;

/** A protocol buffer's length is an int32. */
const LARGEST_FILE = 2 ** 31 - 1;

/** Lowers a model with its weights. @throws ExchangeError where they do not fit into one file */
export function decoderGraph(model: Gpt, parameters: ReadonlyMap<string, Float32Array>): OnnxGraph {
  const { graph, fetches } = lowerToGraph(decoderProgram(model), ({ name }) => {
    const values = parameters.get(name);
    if (values === undefined) throw new ExchangeError(`The weights lack "${name}"; they are of another model.`);
    return bytesOf(values);
  });
  const bytes = graph.initializers.reduce((sum, { raw }) => sum + raw.byteLength, 0);
  if (bytes > LARGEST_FILE) {
    throw new ExchangeError(`The model's weights take ${bytes} bytes, but an ONNX file holds ${LARGEST_FILE}; quantise a smaller model.`);
  }
  const outputs = fetches.map(({ name, output }) => [output, name] as const);
  const weights = graph.initializers.map(({ name }) => [name, name.replace(/^state:/, "")] as const);
  return withInt64Inputs(renameValues(graph, new Map([...outputs, ...weights])), new Map([["input_ids", OnnxType.int32], ["attention_mask", OnnxType.int32]]));
}

function decoderProgram(model: Gpt): Program {
  const { keyValueHeads, dimension, heads } = model.options;
  const cache = float32(BATCH, keyValueHeads, PAST, dimension / heads);
  const feeds: Record<string, ArrayType> = { input_ids: int32(BATCH, TIME), attention_mask: int32(BATCH, addDims(PAST, TIME)) };
  for (const layer of model.blocks.keys()) {
    feeds[pastName(layer, "key")] = cache;
    feeds[pastName(layer, "value")] = cache;
  }
  return buildProgram(feeds, (tensors) => {
    const feed = (name: string): Tensor => {
      const tensor = tensors[name];
      if (tensor === undefined) throw new Error(`The program has no feed "${name}".`);
      return tensor;
    };
    const padding = feed("attention_mask").negate().add(1).sum(1); // [batch]
    const parts = [...model.blocks.keys()].flatMap((layer) => CACHE_PARTS.map((part) => [layer, part] as const));
    const past = Object.fromEntries(parts.map(([layer, part]) => [`${part}s${layer}`, feed(pastName(layer, part))]));
    const { logits, carried } = model.read(feed("input_ids"), { padding, ...past });
    const present = parts.map(([layer, part]) => [`present.${layer}.${part}`, carriedTensor(carried, `${part}s${layer}`)] as const);
    return { logits, ...Object.fromEntries(present) };
  });
}
