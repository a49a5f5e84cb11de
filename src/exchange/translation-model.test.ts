import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSafetensors } from "../data/safetensors.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { int32 } from "../graph/program.ts";
import { stack } from "../graph/tensor.ts";
import { Seq2SeqTransformer } from "../models/seq2seq-transformer.ts";
import { Tokenizer } from "../text/tokenizer.ts";
import { openTranslationModel, writeTranslationModel, type OpenedTranslationModel } from "./translation-model.ts";

function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "decade-translation-"))));
afterAll(() => rm(folder, { recursive: true }));

interface Expected {
  readonly source: number[][];
  readonly lengths: number[];
  readonly target: number[][];
  readonly logits: number[][][];
}

/** Logits after each token of the targets, step by step: [batch, time, vocabulary]. */
async function logitsOf({ model, parameters }: Pick<OpenedTranslationModel, "model" | "parameters">, { source, lengths, target }: Expected): Promise<number[]> {
  const engine = onnx({ threads: 1 });
  const state = engine.createState();
  for (const parameter of model.parameters()) {
    state.declare(parameter);
    state.write(parameter.name, parameters.get(parameter.name) ?? []);
  }
  const time = target[0]?.length ?? 0;
  const program = await engine.compile({ source: int32("batch", "time"), lengths: int32("batch"), target: int32("batch", time) }, (feeds) => {
    const { memory, ...encoded } = model.encode(feeds.source, feeds.lengths);
    let { carried } = encoded;
    const logits = feeds.target.split(Array.from({ length: time }, () => 1)).map((tokens) => {
      const stepped = model.step(tokens.squeeze(1), { carried, memory });
      carried = stepped.carried;
      return stepped.logits;
    });
    return { logits: stack(logits, 1) };
  }, { state, frozen: true });
  const matrix = (rows: number[][]) => ({ data: Int32Array.from(rows.flat()), shape: [rows.length, rows[0]?.length ?? 0] });
  const { logits } = await program.run({ source: matrix(source), target: matrix(target), lengths: { data: Int32Array.from(lengths), shape: [lengths.length] } });
  await program.dispose();
  return Array.from(logits.data);
}

async function expectedOf(name: string): Promise<Expected> {
  return JSON.parse(await readFile(join(fixture(name), "expected.json"), "utf8")) as Expected;
}

/** Made by fixtures/make-tiny-models.py: post-norm with swish; pre-norm with relu. */
describe.each(["tiny-marian", "tiny-pegasus"])("%s", (name) => {
  test("gives the logits that transformers gives, behind sources of different lengths", async () => {
    const expected = await expectedOf(name);
    const opened = await openTranslationModel(fixture(name));
    expect(opened).toMatchObject({ start: 2, sourceTokenizer: undefined, targetTokenizer: undefined });
    (await logitsOf(opened, expected)).forEach((value, at) => expect(Math.abs(value - (expected.logits.flat(2)[at] ?? NaN))).toBeLessThan(1e-4));
  });

  test("is written as it was", async () => {
    const { model, parameters } = await openTranslationModel(fixture(name));
    const tokenizer = await characters(64);
    const copy = join(folder, name);
    expect(await writeTranslationModel(copy, { model, parameters, sourceTokenizer: tokenizer, targetTokenizer: tokenizer })).toContain("tokenizer.json");
    const [own, theirs] = await Promise.all([copy, fixture(name)].map((path) => readSafetensors(join(path, "model.safetensors"))));
    for (const [tensor, value] of theirs ?? []) {
      // Tables of waves are longer here, and were rounded there.
      if (!tensor.endsWith("embed_positions.weight")) expect(own?.get(tensor)).toEqual(value);
      else value.data.forEach((wave, at) => expect(own?.get(tensor)?.data[at]).toBeCloseTo(wave, 5));
    }
    expect([...own?.keys() ?? []].sort()).toEqual([...theirs?.keys() ?? []].sort());
    const again = await openTranslationModel(copy);
    expect(again.sourceTokenizer?.size).toBe(64);
    expect(again.model.options).toEqual(model.options);
  });
});

/** A tokenizer of characters with so many tokens. */
function characters(size: number): Promise<Tokenizer> {
  return Tokenizer.train({ kind: "character", lowercase: false }, [String.fromCodePoint(...Array.from({ length: size - 4 }, (_, at) => 0x4e00 + at))]);
}

test("vocabularies of two sizes, untied and without biases, come back as they were", async () => {
  const options = {
    sourceVocabulary: 12, targetVocabulary: 10, encoderLayers: 1, decoderLayers: 2, dimension: 8, heads: 2, feedForward: 12, activation: "gelu",
    normalization: "post", positions: { kind: "sinusoidal" }, dropout: 0.1, tiedEmbeddings: "none", bias: false,
  } as const;
  const model = new Seq2SeqTransformer(options).seed(1);
  const parameters = new Map(model.parameters().map((parameter) => [parameter.name, parameter.initialize()]));
  const path = join(folder, "untied");
  const files = await writeTranslationModel(path, { model, parameters, sourceTokenizer: await characters(12), targetTokenizer: await characters(10) });
  expect(files).toContain("target-tokenizer.json");
  const opened = await openTranslationModel(path);
  const example = { source: [[4, 5, 6, 3]], lengths: [4], target: [[2, 4, 9, 7]], logits: [] };
  const [before, after] = [await logitsOf({ model, parameters }, example), await logitsOf(opened, example)];
  before.forEach((value, at) => expect(after[at]).toBeCloseTo(value, 5));
  expect([opened.sourceTokenizer?.size, opened.targetTokenizer?.size]).toEqual([12, 10]);
  expect(opened.model.options).toMatchObject({ sourceVocabulary: 12, targetVocabulary: 10, tiedEmbeddings: "none" });
});

describe("refuses", () => {
  async function changed(fields: Record<string, unknown>): Promise<string> {
    const copy = await mkdtemp(join(folder, "changed-"));
    await cp(fixture("tiny-marian"), copy, { recursive: true });
    const config = JSON.parse(await readFile(join(copy, "config.json"), "utf8")) as Record<string, unknown>;
    await writeFile(join(copy, "config.json"), JSON.stringify({ ...config, ...fields }));
    return copy;
  }

  test.each([
    ["other architectures", { architectures: ["T5ForConditionalGeneration"] }, "the architecture T5ForConditionalGeneration, which is no encoder-decoder that Decade has; it has MarianMTModel"],
    ["embeddings that are not scaled", { scale_embedding: false }, "scale_embedding: only embeddings that are scaled"],
    ["sides of different widths", { decoder_ffn_dim: 30 }, "decoder_ffn_dim: the encoder's and the decoder's must be equal"],
    ["weights of other sizes", { vocab_size: 70, decoder_vocab_size: 70 }, '"model.shared.weight" in'],
    ["an output layer of its own beside one embedding", { tie_word_embeddings: false }, "tie_word_embeddings: "],
  ])("%s", async (_what, fields, message) => {
    await expect(openTranslationModel(await changed(fields))).rejects.toThrow(message);
  });

  test("to write a model that Hugging Face does not have", async () => {
    const model = new Seq2SeqTransformer({
      sourceVocabulary: 6, targetVocabulary: 6, encoderLayers: 1, decoderLayers: 1, dimension: 4, heads: 2, feedForward: 4, activation: "relu",
      normalization: "pre", positions: { kind: "rotary", base: 100 }, dropout: 0, tiedEmbeddings: "all", bias: true,
    });
    const tokenizer = await characters(6);
    await expect(writeTranslationModel(join(folder, "none"), { model, parameters: new Map(), sourceTokenizer: tokenizer, targetTokenizer: tokenizer }))
      .rejects.toThrow("Hugging Face has no encoder-decoder like this one, with pre-norm, rotary positions");
  });
});
