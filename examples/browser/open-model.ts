import { InferenceSession } from "onnxruntime-web/wasm";
import { Generator } from "../../src/decode/language/generator.ts";
import { readArchitecture } from "../../src/exchange/architecture.ts";
import { checkJson, parseJson, reasonOf } from "../../src/exchange/checked-json.ts";
import { specialIdsSchema } from "../../src/exchange/config-fields.ts";
import { OnnxDecoder, pastName } from "../../src/exchange/onnx-decoder.ts";
import { ONNX_FILES, type OnnxWeights } from "../../src/exchange/onnx-files.ts";
import { OnnxScorer } from "../../src/exchange/onnx-scorer.ts";
import { frameOf, namedTokens } from "../../src/exchange/text-frame.ts";
import { AppliedTokenizer } from "../../src/text/applied-tokenizer.ts";
import { parseTokenizerFile } from "../../src/text/tokenizer-file.ts";
import { exists, fetchBytes, fetchText } from "./fetch-file.ts";
import type { ModelFacts } from "./messages.ts";
import { textSteps } from "./text-steps.ts";

const ALL_WEIGHTS = Object.keys(ONNX_FILES) as OnnxWeights[];

/**
 * Opens a folder that `decade export --format onnx` wrote.
 *
 * @param folder ends with "/"
 * @param wanted weights; those of the most bits by default
 * @throws Error that says in one sentence what is missing or not supported
 */
export async function openModel(
  folder: URL, wanted: OnnxWeights | undefined, progress: (loaded: number, total: number) => void,
): Promise<{ generator: Generator; facts: ModelFacts }> {
  const configUrl = new URL("config.json", folder);
  const config = await fetchText(configUrl);
  if (config === undefined) throw new Error(`There is no model at ${folder}, for config.json is missing there; serve a folder that "decade export --format onnx" wrote.`);
  const description = parseJson(configUrl.href, config);
  const { name, options } = readArchitecture(description, configUrl.href);
  const named = namedTokens(configUrl.href, description, await readGenerationConfig(new URL("generation_config.json", folder)));
  const json = await fetchText(new URL("tokenizer.json", folder));
  if (json === undefined) throw new Error(`The model at ${folder} has no tokenizer.json, without which text cannot be read or written; export it again.`);
  const frame = frameOf(new AppliedTokenizer(parseTokenizerFile(json, named.special), textSteps(json)), json, named, options.vocabulary, folder.href);
  const available = await filter(ALL_WEIGHTS, (weights) => exists(new URL(ONNX_FILES[weights], folder)));
  const weights = wanted ?? available[0] ?? "float32";
  const file = new URL(ONNX_FILES[weights], folder);
  const bytes = await fetchBytes(file, progress);
  if (bytes === undefined) throw new Error(`The model at ${folder} has no ${ONNX_FILES[weights]}; write it with "decade export --format onnx".`);
  const { layers, dimension, vocabulary, context } = options;
  const decoder = new OnnxDecoder(await openSession(file, bytes, layers), options);
  return {
    generator: Generator.over(new OnnxScorer(decoder), frame),
    facts: { architecture: name, layers, dimension, vocabulary, context, weights, bytes: bytes.byteLength, available },
  };
}

async function readGenerationConfig(url: URL) {
  const text = await fetchText(url);
  return text === undefined ? undefined : checkJson(url.href, parseJson(url.href, text), specialIdsSchema);
}

async function filter<Item>(items: readonly Item[], holds: (item: Item) => Promise<boolean>): Promise<Item[]> {
  const held = await Promise.all(items.map(holds));
  return items.filter((_, at) => held[at]);
}

async function openSession(file: URL, bytes: Uint8Array, layers: number): Promise<InferenceSession> {
  const session = await InferenceSession.create(bytes, { executionProviders: ["wasm"], logSeverityLevel: 3, enableMemPattern: false }).catch((cause: unknown) => {
    throw new Error(`onnxruntime-web cannot open ${file} (${reasonOf(cause)}); export the model again.`, { cause });
  });
  const names = new Set(session.inputNames);
  const missing = ["input_ids", "attention_mask", pastName(layers - 1, "value")].find((name) => !names.has(name));
  if (missing === undefined && names.size === 2 + 2 * layers) return session;
  throw new Error(`${file} reads ${session.inputNames.join(", ")}, but a decoder of ${layers} layers as Decade exports it `
    + `${missing === undefined ? "reads less" : `reads ${missing} too`}; its config.json is of another model.`);
}
