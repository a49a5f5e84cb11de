import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolders } from "../data/folders.ts";
import { encodeModel } from "../engines/onnx/proto.ts";
import { perplexity } from "../metrics/perplexity.ts";
import { ExchangeError } from "./exchange-error.ts";
import { logNormalizer } from "./log-normalizer.ts";
import { makeModelFolder } from "./model-folder.ts";
import { ONNX_FILES, type OnnxWeights } from "./onnx-files.ts";
import { decoderGraph } from "./onnx-program.ts";
import { quantizeWeights } from "./onnx-quantize.ts";
import { openOnnxDecoder } from "./onnx-session.ts";
import { writeDescription, type LanguageModelContents } from "./write-language-model.ts";

export type Quantization = Exclude<OnnxWeights, "float32">;

export interface WriteOnnxOptions {
  readonly quantize?: Quantization | undefined;
  /** A text on which what quantisation loses is measured. */
  readonly text?: string | undefined;
  /** Tokens that every text begins with; none by default. */
  readonly beginning?: readonly number[] | undefined;
  /** Of the engine, for measuring; by default as many as the machine has cores. */
  readonly threads?: number | undefined;
}

export interface WrittenOnnx {
  /** Names of the files. */
  readonly files: readonly string[];
  /** Length of the model's file, and what it would be without quantisation. */
  readonly bytes: number;
  readonly unquantizedBytes: number;
  /** A token, on the text where one was given, and how many tokens were predicted. */
  readonly perplexity?: { readonly unquantized: number; readonly quantized: number; readonly tokens: number };
}

/**
 * Writes a decoder as `onnx/model.onnx`, which ONNX Runtime runs without this library, with the configuration and
 * tokenizer beside it that transformers.js looks for. `quantize` stores weights as whole numbers of 8 or 4 bits.
 *
 * @throws ExchangeError where the text is too short to measure on, the weights are too large for a file, or the folder holds something else
 */
export async function writeOnnx(folder: string, contents: LanguageModelContents, options: WriteOnnxOptions = {}): Promise<WrittenOnnx> {
  const { model, parameters, tokenizer } = contents;
  const { quantize, text, beginning = [] } = options;
  const tokens = text === undefined ? undefined : [...beginning, ...tokenizer.encode(text)];
  if (tokens !== undefined && tokens.length < 2) throw new ExchangeError(`The text to measure on has ${tokens.length} tokens, but the first prediction needs 2; give a longer one.`);
  const graph = decoderGraph(model, parameters);
  const whole = encodeModel(graph);
  const bytes = quantize === undefined ? whole : encodeModel(quantizeWeights(graph, quantize === "int8" ? 8 : 4));
  await makeModelFolder(folder); // before what takes longest
  const measured = tokens === undefined ? undefined : {
    unquantized: await perplexityOf(whole, contents, tokens, options), quantized: await perplexityOf(bytes, contents, tokens, options),
    tokens: tokens.length - 1,
  };
  const file = ONNX_FILES[quantize ?? "float32"];
  await makeFolders(join(folder, "onnx"));
  await writeFile(join(folder, file), bytes);
  const description = await writeDescription(folder, contents);
  return {
    files: [file, ...description], bytes: bytes.byteLength, unquantizedBytes: whole.byteLength, ...(measured && { perplexity: measured }),
  };
}

/** Perplexity a token, of a text cut into stretches of the model's context. */
async function perplexityOf(file: Uint8Array, { model }: LanguageModelContents, tokens: readonly number[], { threads }: WriteOnnxOptions): Promise<number> {
  const decoder = await openOnnxDecoder(file, model.options, threads);
  try {
    let nats = 0;
    for (const stretch of stretches(tokens, model.context)) {
      const { logits } = await decoder.read([stretch.slice(0, -1)]);
      stretch.slice(1).forEach((token, at) => (nats += negativeLogProbability(token, logits.subarray(at * model.vocabulary, (at + 1) * model.vocabulary))));
    }
    return perplexity(nats, tokens.length - 1);
  } finally {
    await decoder.close();
  }
}

/** Parts that overlap by one token, so that every token but the first is predicted once. */
function* stretches(tokens: readonly number[], context: number): Generator<readonly number[]> {
  for (let start = 0; start + 1 < tokens.length; start += context) yield tokens.slice(start, start + context + 1);
}

function negativeLogProbability(token: number, logits: Float32Array): number {
  return logNormalizer(logits) - (logits[token] ?? NaN);
}
