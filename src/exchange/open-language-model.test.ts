import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSafetensors, writeSafetensors, type TensorData } from "../data/safetensors.ts";
import { compileReader } from "./fixtures/greedy.ts";
import { openLanguageModel } from "./open-language-model.ts";
import { openModelFolder } from "./open-model-folder.ts";
import { writeLanguageModel } from "./write-language-model.ts";

/** Made by fixtures/make-tiny-models.py with `transformers`: float32; bfloat16 in four files; float16, tied, biases of queries. */
const NAMES = ["tiny-gpt2", "tiny-llama", "tiny-qwen2"] as const;

function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "decade-exchange-"))));
afterAll(() => rm(folder, { recursive: true }));

interface Expected {
  readonly tokens: number[][];
  /** Of the last four places of each row. */
  readonly lastLogits: number[][][];
}

async function requireExpectedLogits(path: string, name: string): Promise<void> {
  const expected = JSON.parse(await readFile(join(fixture(name), "expected.json"), "utf8")) as Expected;
  const { model, parameters } = await openLanguageModel(path);
  const read = await compileReader(model, parameters);
  for (const [row, tokens] of expected.tokens.entries()) {
    const logits = (await read(tokens)).slice(-4);
    logits.forEach((values, place) => values.forEach((value, token) => {
      expect(Math.abs(value - (expected.lastLogits[row]?.[place]?.[token] ?? NaN)), `row ${row}, place ${place}, token ${token}`).toBeLessThan(1e-4);
    }));
  }
}

describe.each(NAMES)("%s", (name) => {
  test("gives the logits that transformers gives", () => requireExpectedLogits(fixture(name), name));

  test("gives them again after it is written and opened", async () => {
    const copy = join(folder, name);
    await writeLanguageModel(copy, await openLanguageModel(fixture(name)));
    await requireExpectedLogits(copy, name);
  });
});

test("a written GPT-2 holds the tensors that transformers wrote, bit for bit, and its configuration", async () => {
  const copy = join(folder, "same");
  await writeLanguageModel(copy, await openLanguageModel(fixture("tiny-gpt2")));
  const [own, theirs] = await Promise.all([copy, fixture("tiny-gpt2")].map((path) => readSafetensors(join(path, "model.safetensors"))));
  expect([...own?.keys() ?? []].sort()).toEqual([...theirs?.keys() ?? []].sort());
  for (const [tensor, value] of own ?? []) expect(value).toEqual(theirs?.get(tensor));
  const [config, other] = await Promise.all([copy, fixture("tiny-gpt2")].map(async (path) => (
    JSON.parse(await readFile(join(path, "config.json"), "utf8")) as Record<string, unknown>)));
  for (const field of ["architectures", "model_type", "n_embd", "n_layer", "n_head", "n_positions", "vocab_size", "activation_function", "tie_word_embeddings"]) {
    expect(config?.[field]).toEqual(other?.[field]);
  }
});

test("knows what begins and ends a text", async () => {
  const { beginning, ends, tokenizer, model } = await openLanguageModel(fixture("tiny-llama"));
  expect({ beginning, ends, start: tokenizer.startId, unknown: tokenizer.unknownId }).toEqual({ beginning: [1], ends: [2], start: 1, unknown: 0 });
  expect(model.options).toMatchObject({ rotaryBase: 500, epsilon: 1e-3, keyValueHeads: 2, context: 16 });
});

test("several tokens that end a text stay several when it is written again", async () => {
  const several = join(folder, "several-ends");
  await cp(fixture("tiny-llama"), several, { recursive: true });
  await writeFile(join(several, "generation_config.json"), JSON.stringify({ bos_token_id: 1, eos_token_id: [2, 7, 9] }));
  const copy = join(folder, "several-ends-again");
  await writeLanguageModel(copy, await openLanguageModel(several));
  const { ends, tokenizer } = await openLanguageModel(copy);
  expect({ ends, end: tokenizer.endId }).toEqual({ ends: [2, 7, 9], end: 2 });
});

describe("refuses", () => {
  /** A copy of a fixture with another config.json. */
  async function changed(name: string, fields: Record<string, unknown>): Promise<string> {
    const copy = await mkdtemp(join(folder, "changed-"));
    await cp(fixture(name), copy, { recursive: true });
    const config = JSON.parse(await readFile(join(copy, "config.json"), "utf8")) as Record<string, unknown>;
    await writeFile(join(copy, "config.json"), JSON.stringify({ ...config, ...fields }));
    return copy;
  }

  async function withTensors(change: (tensors: Map<string, TensorData>) => void): Promise<string> {
    const copy = await changed("tiny-gpt2", {});
    const tensors = await readSafetensors(join(copy, "model.safetensors"));
    change(tensors);
    await writeSafetensors(join(copy, "model.safetensors"), [...tensors].map(([name, tensor]) => ({ name, ...tensor })));
    return copy;
  }

  test.each([
    ["an architecture that Decade does not have", { architectures: ["BertForMaskedLM"] }, "the architecture BertForMaskedLM, which is no language model that Decade has; it has GPT2LMHeadModel, LlamaForCausalLM"],
    ["a type of model that it does not have", { architectures: undefined, model_type: "rwkv" }, "a model of the type rwkv, which is no language model that Decade has"],
    ["a configuration of something else", { architectures: undefined, model_type: undefined }, "names no architecture that Decade could have; it has GPT2LMHeadModel"],
    ["an activation that it does not have", { activation_function: "mish" }, "activation_function: "],
    ["a size that is none", { n_layer: 0 }, "config.json is not as expected: n_layer: "],
    ["heads that do not divide the dimension", { n_head: 5 }, "A dimension of 12 cannot be divided among 5 heads"],
    ["scaled attention", { scale_attn_by_inverse_layer_idx: true }, "scale_attn_by_inverse_layer_idx: "],
    ["weights of other sizes", { n_positions: 32 }, '"transformer.wpe.weight" in'],
    ["weights of fewer layers", { n_layer: 3 }, 'lacks "transformer.h.2.ln_1.weight"'],
    ["weights of more layers", { n_layer: 1 }, "for which the model of its config.json has no place"],
    ["a tokenizer of another vocabulary", { vocab_size: 80 }, "has 64 tokens, but the model's vocabulary has 80; they belong to different models"],
    ["a tokenizer that is larger than the vocabulary", { vocab_size: 63 }, "has 64 tokens, but the model's vocabulary has 63"],
    ["a special token that the tokenizer lacks", { bos_token_id: 64 }, "names the special token 64, but its tokenizer has ids 0 to 63"],
    ["quantised weights", { quantization_config: { bits: 4 } }, "quantised weights are not read"],
  ])("%s", async (_what, fields, message) => {
    await expect(openLanguageModel(await changed("tiny-gpt2", fields))).rejects.toThrow(message);
  });

  test("scaled rotary positions, and heads that do not share out the dimension", async () => {
    await expect(openLanguageModel(await changed("tiny-llama", { rope_parameters: { rope_type: "llama3", rope_theta: 5e5 } })))
      .rejects.toThrow("rope_parameters.rope_type: only plain rotary positions");
    await expect(openLanguageModel(await changed("tiny-llama", { rope_scaling: { type: "linear", factor: 2 } }))).rejects.toThrow("rope_scaling.type: only plain");
    await expect(openLanguageModel(await changed("tiny-llama", { head_dim: 8 }))).rejects.toThrow("head_dim: only heads that share out hidden_size");
  });

  test("a folder that is not there, and a file", async () => {
    await expect(openModelFolder(join(folder, "nothing"))).rejects.toThrow(/^There is no folder .*nothing; give a trained run/);
    await expect(openModelFolder(fileURLToPath(import.meta.url))).rejects.toThrow("There is no folder");
  });

  test("a folder without a configuration, weights or a tokenizer, each named", async () => {
    await expect(openLanguageModel(join(folder, "nothing"))).rejects.toThrow("config.json, the model's configuration, cannot be read");
    const bare = await changed("tiny-gpt2", {});
    await rm(join(bare, "model.safetensors"));
    await writeFile(join(bare, "pytorch_model.bin"), "");
    await expect(openLanguageModel(bare)).rejects.toThrow("has neither model.safetensors nor model.safetensors.index.json, only pytorch_model.bin");
    await rm(join(bare, "tokenizer.json"));
    await expect(openLanguageModel(bare)).rejects.toThrow("cannot be read");
    await writeFile(join(bare, "config.json"), "{");
    await expect(openLanguageModel(bare)).rejects.toThrow("config.json is not JSON");
  });

  test("a file of several that is missing, or lacks what the index says it has", async () => {
    const shards = await changed("tiny-llama", {});
    const index = join(shards, "model.safetensors.index.json");
    const content = JSON.parse(await readFile(index, "utf8")) as { weight_map: Record<string, string> };
    const place = (changes: Record<string, string>): Promise<void> => writeFile(index, JSON.stringify({ weight_map: { ...content.weight_map, ...changes } }));
    await place({ "lm_head.weight": "model-00001-of-00004.safetensors" });
    await expect(openLanguageModel(shards)).rejects.toThrow('model-00001-of-00004.safetensors lacks the tensor "lm_head.weight"');
    await place({ "lm_head.weight": "../secret.safetensors" });
    await expect(openLanguageModel(shards)).rejects.toThrow("weight_map.lm_head.weight: expected the name of a .safetensors file");
    await place({});
    await rm(join(shards, "model-00003-of-00004.safetensors"));
    await expect(openLanguageModel(shards)).rejects.toThrow("model-00003-of-00004.safetensors is missing, but model.safetensors.index.json names it");
  });

  test("weights of another shape or type, missing ones, and ones that have no place", async () => {
    const name = "transformer.ln_f.weight";
    const tensor = (change: Partial<TensorData>) => (tensors: Map<string, TensorData>): void => void tensors.set(name, { dtype: "float32", shape: [12], data: new Float32Array(12), ...change } as TensorData);
    await expect(openLanguageModel(await withTensors(tensor({ shape: [3, 4] })))).rejects.toThrow(`"${name}" in`);
    await expect(openLanguageModel(await withTensors(tensor({ dtype: "int32", data: new Int32Array(12) })))).rejects.toThrow("is int32 [12], but its config.json makes it float32 [12]");
    await expect(openLanguageModel(await withTensors((tensors) => void tensors.delete(name)))).rejects.toThrow(`lacks "${name}", which the model of its config.json needs`);
    await expect(openLanguageModel(await withTensors((tensors) => void tensors.set("adapter", { dtype: "float32", shape: [1], data: new Float32Array(1) }))))
      .rejects.toThrow('holds "adapter", for which');
  });

  test("a safetensors file that lies about sizes", async () => {
    const copy = await changed("tiny-gpt2", {});
    const path = join(copy, "model.safetensors");
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 8));
    await expect(openLanguageModel(copy)).rejects.toThrow("the file is truncated");
    const text = bytes.toString("latin1");
    await writeFile(path, Buffer.from(text.replace("[12,36]", "[12,35]"), "latin1"));
    await expect(openLanguageModel(copy)).rejects.toThrow(/holds 1728 bytes, but F32 of shape \[12, 35\] takes 1680/);
  });
});
