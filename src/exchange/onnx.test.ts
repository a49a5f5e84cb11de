import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { encodeModel, OnnxType, type OnnxGraph, type OnnxNode } from "../engines/onnx/proto.ts";
import type { OnnxDecoder } from "./onnx-decoder.ts";
import { decoderGraph } from "./onnx-program.ts";
import { quantizeWeights } from "./onnx-quantize.ts";
import { openOnnxDecoder } from "./onnx-session.ts";
import { openLanguageModel, type OpenedLanguageModel } from "./open-language-model.ts";

function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}

interface Expected {
  readonly tokens: number[][];
  /** Of the last four places of each row. */
  readonly lastLogits: number[][][];
}

/** The largest difference between the logits of the last places and those that transformers gave. */
function distance(logits: Float32Array, { tokens, lastLogits }: Expected): number {
  const vocabulary = lastLogits[0]?.[0]?.length ?? 0;
  const time = tokens[0]?.length ?? 0;
  const differences = lastLogits.flatMap((places, row) => places.flatMap((values, place) => values.map((value, token) => (
    Math.abs(value - (logits[(row * time + time - 4 + place) * vocabulary + token] ?? NaN))))));
  return Math.max(...differences);
}

async function withDecoder<T>(opened: OpenedLanguageModel, change: (graph: OnnxGraph) => OnnxGraph, use: (decoder: OnnxDecoder) => Promise<T>): Promise<T> {
  const graph = change(decoderGraph(opened.model, opened.parameters));
  const decoder = await openOnnxDecoder(encodeModel(graph), opened.model.options, 1);
  try {
    return await use(decoder);
  } finally {
    await decoder.close();
  }
}

describe.each(["tiny-gpt2", "tiny-llama", "tiny-qwen2"])("%s in plain ONNX Runtime", (name) => {
  const loaded = Promise.all([
    openLanguageModel(fixture(name)), readFile(join(fixture(name), "expected.json"), "utf8").then((text) => JSON.parse(text) as Expected),
  ]);

  test("gives the logits that transformers gives, read at once", async () => {
    const [opened, expected] = await loaded;
    const { logits } = await withDecoder(opened, (graph) => graph, (decoder) => decoder.read(expected.tokens));
    expect(distance(logits, expected)).toBeLessThan(1e-4);
  });

  test("gives them read in parts, and token by token, after its cache", async () => {
    const [opened, expected] = await loaded;
    await withDecoder(opened, (graph) => graph, async (decoder) => {
      const { logits: whole } = await decoder.read(expected.tokens);
      let { present } = await decoder.read(expected.tokens.map((row) => row.slice(0, 7)));
      for (let at = 7; at < 12; at++) {
        const { logits, present: next } = await decoder.read(expected.tokens.map((row) => row.slice(at, at + 1)), present);
        present = next;
        for (const row of expected.tokens.keys()) {
          const [own, same] = [logits.subarray(row * 64, (row + 1) * 64), whole.subarray((row * 12 + at) * 64, (row * 12 + at + 1) * 64)];
          own.forEach((value, token) => expect(Math.abs(value - (same[token] ?? NaN))).toBeLessThan(1e-4));
        }
      }
    });
  });

  test("gives them behind padding", async () => {
    const [opened, expected] = await loaded;
    const [first = [], second = []] = expected.tokens;
    await withDecoder(opened, (graph) => graph, async (decoder) => {
      const { logits } = await decoder.read([first, [0, 0, 0, ...second.slice(0, 9)]], undefined, [0, 3]);
      const { logits: alone } = await decoder.read([second.slice(0, 9)]);
      alone.forEach((value, at) => expect(Math.abs(value - (logits[(12 + 3) * 64 + at] ?? NaN))).toBeLessThan(1e-4));
    });
  });

  test("has the inputs and outputs of Hugging Face's exporter", async () => {
    const [{ model, parameters }] = await loaded;
    const { inputs, outputs } = decoderGraph(model, parameters);
    expect(inputs.map((value) => value.name)).toEqual(["input_ids", "attention_mask", ...[0, 1].flatMap((layer) => (
      ["key", "value"].map((part) => `past_key_values.${layer}.${part}`)))]);
    expect(inputs.slice(0, 2).map(({ type }) => type)).toEqual([OnnxType.int64, OnnxType.int64]);
    expect(inputs[1]?.shape).toEqual(["batch_size", "past_sequence_length+sequence_length"]);
    expect(outputs.map((value) => value.name)).toEqual(["logits", ...[0, 1].flatMap((layer) => ["key", "value"].map((part) => `present.${layer}.${part}`))]);
  });

  test.each([8, 4] as const)("computes with weights of %i bits, which take less room", async (bits) => {
    const [opened, expected] = await loaded;
    const graph = decoderGraph(opened.model, opened.parameters);
    const bytes = ({ initializers }: OnnxGraph): number => initializers.reduce((sum, { raw }) => sum + raw.byteLength, 0);
    const quantized = quantizeWeights(graph, bits);
    expect(bytes(quantized)).toBeLessThan(bytes(graph));
    const exact = { ...quantized, nodes: quantized.nodes.map((node) => ({ ...node, attributes: withoutLevel(node.attributes) })) };
    const { logits } = await withDecoder(opened, () => exact, (decoder) => decoder.read(expected.tokens));
    const { logits: same } = await withDecoder(opened, () => widened(graph, quantized), (decoder) => decoder.read(expected.tokens));
    logits.forEach((value, at) => expect(Math.abs(value - (same[at] ?? NaN))).toBeLessThan(2e-4));
    const spread = Math.max(...expected.lastLogits.flat(2).map(Math.abs));
    const { logits: rounded } = await withDecoder(opened, () => quantized, (decoder) => decoder.read(expected.tokens));
    expect(distance(rounded, expected) / spread).toBeLessThan(bits === 8 ? 0.05 : 1);
  });
});

/** With float32 activations. */
function withoutLevel({ accuracy_level: _level, ...others }: OnnxNode["attributes"]): OnnxNode["attributes"] {
  return others;
}

/** The graph with the weights that the quantised one stands for. */
function widened(graph: OnnxGraph, quantized: OnnxGraph): OnnxGraph {
  const raw = (name: string): Uint8Array<ArrayBuffer> | undefined => {
    const found = quantized.initializers.find((initializer) => initializer.name === name);
    return found && Uint8Array.from(found.raw);
  };
  return {
    ...graph,
    initializers: graph.initializers.map((initializer) => {
      const [numbers, scales] = [raw(`${initializer.name}:numbers`), raw(`${initializer.name}:scales`)];
      if (numbers === undefined || scales === undefined) return initializer;
      const scaleOf = new Float32Array(scales.buffer);
      const bits = numbers.length / scaleOf.length / 4;
      const [rows = 0, columns = 0] = initializer.dims;
      // Embeddings and the output layer are stored as they are read, other matrices transposed.
      const asRead = /Embedding|outputWeight/.test(initializer.name);
      const stride = Math.ceil((asRead ? columns : rows) / 32) * 32;
      const values = Float32Array.from({ length: rows * columns }, (_, at) => {
        const [row, column] = [Math.floor(at / columns), at % columns];
        const place = asRead ? row * stride + column : column * stride + row;
        const byte = numbers[bits === 8 ? place : place >> 1] ?? 0;
        const number = bits === 8 ? byte : (byte >> (4 * (place % 2))) & 15;
        return (number - 2 ** (bits - 1)) * (scaleOf[place >> 5] ?? 0);
      });
      return { ...initializer, raw: new Uint8Array(values.buffer) };
    }),
  };
}

test("a quantised matrix is what its blocks of numbers and scales say", () => {
  const data = Float32Array.from({ length: 2 * 40 }, (_, at) => Math.sin(at) * (at < 40 ? 1 : 1e-3));
  data.fill(0, 72); // a last block of zeros
  const graph: OnnxGraph = {
    name: "", inputs: [], outputs: [], initializers: [{ name: "w", type: OnnxType.float32, dims: [2, 40], raw: new Uint8Array(data.buffer) }],
    nodes: [{ operator: "FusedMatMul", domain: "com.microsoft", inputs: ["x", "w"], outputs: ["y"], attributes: { transB: { kind: "int", value: 1 } } }],
  };
  for (const bits of [8, 4] as const) {
    const { nodes, initializers } = quantizeWeights(graph, bits);
    expect(nodes).toMatchObject([{ operator: "MatMulNBits", inputs: ["x", "w:numbers", "w:scales"], attributes: { K: { value: 40 }, N: { value: 2 } } }]);
    const [numbers, scales] = initializers;
    expect([numbers?.dims, scales?.dims]).toEqual([[2, 2, 4 * bits], [2, 2]]);
    const scaleOf = new Float32Array(Uint8Array.from(scales?.raw ?? []).buffer);
    data.forEach((value, at) => {
      const [row, column] = [Math.floor(at / 40), at % 40];
      const place = row * 64 + column;
      const byte = numbers?.raw[bits === 8 ? place : place >> 1] ?? 0;
      const number = bits === 8 ? byte : (byte >> (4 * (place % 2))) & 15;
      const scale = scaleOf[row * 2 + (column >> 5)] ?? 0;
      // Half a step, or a whole one beyond the end that has no number of its own.
      expect(Math.abs((number - 2 ** (bits - 1)) * scale - value)).toBeLessThanOrEqual(Math.abs(scale) * 1.001);
    });
  }
});
