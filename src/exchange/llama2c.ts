/** Models of llama2.c (https://github.com/karpathy/llama2.c), version 0: a header of seven int32, then float32 weights. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TensorData } from "../data/safetensors.ts";
import { Gpt } from "../models/gpt.ts";
import { Tokenizer } from "../text/tokenizer.ts";
import { reasonOf } from "./checked-json.ts";
import { readParameters } from "./correspondence.ts";
import { ExchangeError } from "./exchange-error.ts";
import { llamaTensors } from "./llama.ts";
import { readLlama2cTokenizer } from "./llama2c-tokenizer.ts";
import type { LanguageModelContents } from "./write-language-model.ts";

const HEADER_NUMBERS = 7;
/** Of run.c, which the header does not state. */
const EPSILON = 1e-5;
const ROTARY_BASE = 10_000;

interface Header {
  readonly dimension: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly vocabulary: number;
  readonly context: number;
  /** Whether the output layer is the embedding. */
  readonly tied: boolean;
}

/**
 * Opens a folder with a model and a tokenizer (`tok….bin`) of llama2.c.
 *
 * @throws ExchangeError where there is not one of each, or a file is not as long as its header says
 */
export async function openLlama2c(folder: string): Promise<LanguageModelContents> {
  const names = (await readdir(folder).catch((cause: unknown) => {
    throw new ExchangeError(`${folder} cannot be read (${reasonOf(cause)}); give a folder with a model.`, { cause });
  })).filter((name) => name.endsWith(".bin"));
  const tokenizers = names.filter((name) => /^tok/.test(name));
  const models = names.filter((name) => !/^tok/.test(name));
  const [modelName] = models;
  const [tokenizerName] = tokenizers;
  if (modelName === undefined || tokenizerName === undefined || models.length + tokenizers.length > 2) {
    if (names.length === 0) {
      throw new ExchangeError(`${folder} holds no model: neither a run's checkpoints, nor a config.json as Hugging Face's folders have, nor a .bin file of llama2.c.`);
    }
    throw new ExchangeError(`${folder} holds ${names.join(", ")}; a model of llama2.c is one .bin file and a tokenizer named tok….bin.`);
  }
  const { model, parameters } = readLlama2c(await readFile(join(folder, modelName)), join(folder, modelName));
  const path = join(folder, tokenizerName);
  const tokenizer = Tokenizer.parse(JSON.stringify(readLlama2cTokenizer(await readFile(path), model.vocabulary, path)));
  return { model, parameters, tokenizer };
}

/** Reads a model's file. Its rotary positions turn neighbouring features; here they turn halves, and rows move with them. */
export function readLlama2c(bytes: Uint8Array, path: string): { model: Gpt; parameters: Map<string, Float32Array> } {
  const header = readHeader(bytes, path);
  const { dimension, hidden, layers, heads, keyValueHeads, vocabulary, context, tied } = header;
  const size = dimension / heads;
  const keyWidth = keyValueHeads * size;
  const expected = 4 * (HEADER_NUMBERS + countWeights(header));
  if (bytes.byteLength !== expected) {
    throw new ExchangeError(`${path} has ${bytes.byteLength} bytes, but its header (dimension ${dimension}, ${layers} layers, vocabulary ${vocabulary}) makes it ${expected}; `
      + "it is truncated, or not a float32 model of llama2.c, version 0.");
  }
  const numbers = new Float32Array(Uint8Array.from(bytes.subarray(4 * HEADER_NUMBERS)).buffer);
  const tensors = new Map<string, TensorData>();
  let at = 0;
  const take = (name: string, shape: readonly number[], pairedHeads?: number): void => {
    const length = shape.reduce((product, dim) => product * dim, 1);
    const data = numbers.subarray(at, at + length);
    tensors.set(name, { dtype: "float32", shape, data: pairedHeads === undefined ? data : halvesOfPairs(data, pairedHeads, size, dimension) });
    at += length;
  };
  const each = (name: string, shape: readonly number[], pairedHeads?: number): void => {
    for (let layer = 0; layer < layers; layer++) take(`model.layers.${layer}.${name}.weight`, shape, pairedHeads);
  };
  take("model.embed_tokens.weight", [vocabulary, dimension]);
  each("input_layernorm", [dimension]);
  each("self_attn.q_proj", [dimension, dimension], heads);
  each("self_attn.k_proj", [keyWidth, dimension], keyValueHeads);
  each("self_attn.v_proj", [keyWidth, dimension]);
  each("self_attn.o_proj", [dimension, dimension]);
  each("post_attention_layernorm", [dimension]);
  each("mlp.gate_proj", [hidden, dimension]);
  each("mlp.down_proj", [dimension, hidden]);
  each("mlp.up_proj", [hidden, dimension]);
  take("model.norm.weight", [dimension]);
  at += context * size; // cosines and sines of the positions
  if (!tied) take("lm_head.weight", [vocabulary, dimension]);

  const model = new Gpt({
    vocabulary, context, layers, dimension, heads, keyValueHeads, feedForward: hidden, activation: "swiglu", normalization: "rms",
    epsilon: EPSILON, positions: "rotary", rotaryBase: ROTARY_BASE, dropout: 0, bias: false, tiedEmbeddings: tied,
  });
  model.parameters();
  const correspondences = llamaTensors(model, { inward: false, outward: false, feedForward: false });
  return { model, parameters: readParameters(model, correspondences, tensors, path, /^$/) };
}

function readHeader(bytes: Uint8Array, path: string): Header {
  if (bytes.byteLength < 4 * HEADER_NUMBERS) throw new ExchangeError(`${path} has ${bytes.byteLength} bytes, too few for the header of a model of llama2.c.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [dimension = 0, hidden = 0, layers = 0, heads = 0, keyValueHeads = 0, signed = 0, context = 0] = (
    Array.from({ length: HEADER_NUMBERS }, (_, at) => view.getInt32(4 * at, true)));
  const vocabulary = Math.abs(signed);
  const sizes = { dimension, hidden, layers, heads, keyValueHeads, vocabulary, context };
  const fits = Object.values(sizes).every((size) => size > 0) && dimension % heads === 0 && heads % keyValueHeads === 0;
  if (!fits) throw new ExchangeError(`${path} begins with ${Object.values(sizes).join(", ")}, which are not the sizes of a model of llama2.c, version 0.`);
  return { ...sizes, tied: signed > 0 };
}

function countWeights({ dimension, hidden, layers, heads, keyValueHeads, vocabulary, context, tied }: Header): number {
  const size = dimension / heads;
  const layer = 2 * dimension + 2 * dimension * dimension + 2 * keyValueHeads * size * dimension + 3 * hidden * dimension;
  return vocabulary * dimension * (tied ? 1 : 2) + layers * layer + dimension + context * size;
}

/** Rows 0, 2, 4, … of each head, then rows 1, 3, 5, …: [heads·size, width]. */
function halvesOfPairs(data: Float32Array, heads: number, size: number, width: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let row = 0; row < heads * size; row++) {
    const [head, place] = [Math.floor(row / size), row % size];
    const source = head * size + (place < size / 2 ? 2 * place : 2 * (place - size / 2) + 1);
    result.set(data.subarray(source * width, (source + 1) * width), row * width);
  }
  return result;
}
