import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lastLine } from "./fixtures/command-line.ts";
import { main } from "./program.ts";

const tiny = fileURLToPath(new URL("../exchange/fixtures/tiny-llama", import.meta.url));
const stories = fileURLToPath(new URL("../../../shared/data/stories260K", import.meta.url));
let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "decade-export-"))));
afterAll(() => rm(folder, { recursive: true }));

async function decade(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await main(args, { out: (part) => out.push(part), err: (part) => err.push(part), interactive: false });
  return { code, out: out.join(""), err: err.join("") };
}

test("a language model's folder is measured on a text or by questions", async () => {
  expect(await decade("evaluate", tiny)).toMatchObject({ code: 1, out: "", err: expect.stringMatching(/tiny-llama is a language model, .* give --text FILE or --choices FILE\.\n$/) as string });
  const absent = join(folder, "absent.txt");
  expect(await decade("export", tiny, "--format", "onnx", "--quantize", "int8", "--text", absent, "--output", join(folder, "unwritten")))
    .toMatchObject({ code: 1, err: expect.stringMatching(/absent\.txt does not exist; give the path/) as string });
});

describe("a model is not written over", () => {
  test("the folder that it is read from", async () => {
    const copy = join(folder, "copy");
    expect((await decade("import", tiny, "--output", copy)).code).toBe(0);
    for (const command of [["import", copy], ["export", copy, "--format", "huggingface"]]) {
      expect(await decade(...command, "--output", `${copy}/.`)).toMatchObject({ code: 2, err: expect.stringContaining("is the folder that is read") as string });
    }
    expect((await decade("export", copy, "--format", "onnx", "--output", copy)).code).toBe(0); // beside the weights, where transformers.js looks
  });

  test.each([["checkpoints/step-1/state.json", "a training run"], ["index.json", "token shards"]])("a folder with %s", async (entry, what) => {
    const other = await mkdtemp(join(folder, "other-"));
    await mkdir(dirname(join(other, entry)), { recursive: true });
    await writeFile(join(other, entry), "{}");
    await writeFile(join(other, "tokenizer.json"), "theirs");
    for (const command of [["import", tiny], ["export", tiny, "--format", "huggingface"], ["export", tiny, "--format", "onnx"]]) {
      expect(await decade(...command, "--output", other)).toMatchObject({ code: 1, err: `decade: ${other} holds ${what}, whose files the model's would replace; give another folder.\n` });
    }
    expect(await readFile(join(other, "tokenizer.json"), "utf8")).toBe("theirs");
  });
});

describe("a folder of Marian", () => {
  const marian = fileURLToPath(new URL("../exchange/fixtures/marian-separate", import.meta.url));

  test("is translated with, imported, scored and evaluated like a run", async () => {
    const [sources, targets, copy] = [join(folder, "sources.txt"), join(folder, "targets.txt"), join(folder, "marian")];
    await writeFile(sources, "The old dog sees a bridge.\n\n>>fra<< A cat\n");
    await writeFile(targets, "chien\nun\nchat\n");
    const imported = await decade("import", marian, "--output", copy, "--json");
    expect(imported).toMatchObject({ code: 0, err: "" });
    expect(lastLine(imported.out)).toMatchObject({ encoderLayers: 2, decoderLayers: 2, dimension: 16, sourceVocabulary: 135, targetVocabulary: 107 });
    expect((await readdir(copy)).sort()).toEqual([
      "config.json", "generation_config.json", "model.safetensors", "source.spm", "target.spm", "target_vocab.json", "tokenizer_config.json", "vocab.json",
    ]);
    const [before, after] = [await decade("translate", marian, sources, "--json"), await decade("translate", copy, sources, "--json")];
    expect(before).toMatchObject({ code: 0, err: "" });
    expect(lastLine(after.out)).toEqual(lastLine(before.out));
    const { translations } = lastLine(before.out) as { translations: { source: string; text: string; tokens: string[] }[] };
    expect(translations.map(({ source }) => source)).toEqual(["The old dog sees a bridge.", "", ">>fra<< A cat"]);
    expect(translations[1]).toMatchObject({ text: "", tokens: [] });
    expect((await decade("translate", marian, sources, "--alignments", "--replace-unknown")).code).toBe(0);
    expect(await decade("score", marian, "--source", sources, "--target", targets)).toMatchObject({ code: 0, out: expect.stringMatching(/^(-[\d.]+\n){3}$/) as string });
    const evaluated = await decade("evaluate", marian, "--source", sources, "--reference", targets, "--beam", "1", "--json");
    expect(lastLine(evaluated.out)).toMatchObject({ bleu: expect.any(Number) as number, sentences: 3 });
    const choices = join(folder, "choices.jsonl");
    await writeFile(choices, '{"question": "The dog", "choices": ["le chien", "un chat"], "answer": 0}\n');
    expect((await decade("evaluate", marian, "--choices", choices)).code).toBe(0);
  });

  test("has no test pairs, checkpoints or figures of its own, and is no language model", async () => {
    expect(await decade("evaluate", marian)).toMatchObject({ code: 1, err: expect.stringContaining("holds out no test pairs") as string });
    expect(await decade("evaluate", marian, "--figures", folder)).toMatchObject({ code: 2, err: expect.stringContaining("--figures draws a trained run") as string });
    const pairs = join(folder, "pairs.tsv");
    await writeFile(pairs, "The old dog\tchien\n");
    for (const args of [["evaluate", marian, "--data", pairs], ["translate", marian], ["generate", tiny]]) {
      expect(await decade(...args, "--checkpoint", "latest")).toMatchObject({ code: 1, err: expect.stringContaining('is no run, but a model with one set of weights, which has no checkpoint "latest"') as string });
    }
    expect(await decade("generate", marian)).toMatchObject({ code: 1, err: expect.stringContaining("MarianMTModel, which is no language model") as string });
    expect(await decade("translate", tiny)).toMatchObject({ code: 1, err: expect.stringContaining("LlamaForCausalLM, which is no encoder-decoder") as string });
  });
});

describe("decade import and export", () => {
  test("write folders that open again", async () => {
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    const imported = await decade("import", tiny, "--output", first, "--json");
    expect(imported).toMatchObject({ code: 0, err: "" });
    expect(lastLine(imported.out)).toMatchObject({ parameters: 5584, layers: 2, dimension: 16, vocabulary: 64 });
    expect((await decade("export", first, "--format", "huggingface", "--output", second)).code).toBe(0);
    expect((await readdir(second)).sort()).toEqual(["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]);
  });

  test("say what does not go together, and what is wrong with a folder", async () => {
    const output = join(folder, "none");
    expect(await decade("export", tiny, "--format", "huggingface", "--quantize", "int8", "--output", output)).toMatchObject({ code: 2, err: expect.stringContaining("--quantize is for --format onnx") as string });
    expect(await decade("export", tiny, "--format", "onnx", "--text", "a.txt", "--output", output)).toMatchObject({ code: 2 });
    expect(await decade("export", tiny, "--format", "gguf", "--output", output)).toMatchObject({ code: 2 });
    expect(await decade("import", join(folder, "absent"), "--output", output)).toEqual({ code: 1, out: "", err: expect.stringMatching(/^decade: There is no folder .*absent; give .*\n$/) as string });
    await writeFile(join(folder, "empty.txt"), "");
    const empty = await decade("export", tiny, "--format", "onnx", "--quantize", "int8", "--text", join(folder, "empty.txt"), "--output", output);
    expect(empty).toMatchObject({ code: 1, err: expect.stringContaining("The text to measure on has 1 tokens") as string });
    expect(existsSync(output)).toBe(false);
  });

  test.skipIf(!existsSync(stories))("tell what quantisation loses (skipped where ../shared/data is absent)", async () => {
    const text = join(folder, "text.txt");
    await writeFile(text, "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball.");
    const quantized = async (type: string) => {
      const { code, out } = await decade("export", stories, "--format", "onnx", "--quantize", type, "--text", text, "--threads", "1", "--output", join(folder, type), "--json");
      expect(code).toBe(0);
      return lastLine(out) as { files: string[]; bytes: number; unquantizedBytes: number; perplexity: { unquantized: number; quantized: number; tokens: number } };
    };
    const [eight, four] = [await quantized("int8"), await quantized("int4")];
    expect([eight.files[0], four.files[0]]).toEqual(["onnx/model_quantized.onnx", "onnx/model_q4.onnx"]);
    expect(eight.bytes).toBeLessThan(eight.unquantizedBytes * 0.45);
    expect(four.bytes).toBeLessThan(eight.bytes);
    expect(eight.perplexity.unquantized).toBeLessThan(2);
    expect(Math.abs(eight.perplexity.quantized / eight.perplexity.unquantized - 1)).toBeLessThan(0.01);
    expect(Math.abs(four.perplexity.quantized / four.perplexity.unquantized - 1)).toBeLessThan(0.3);
  });
});
