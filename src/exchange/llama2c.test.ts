import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { continueGreedily } from "./fixtures/greedy.ts";
import { openLlama2c, readLlama2c } from "./llama2c.ts";
import { readLlama2cTokenizer } from "./llama2c-tokenizer.ts";
import { openLanguageModel } from "./open-language-model.ts";
import { writeLanguageModel } from "./write-language-model.ts";

const stories = fileURLToPath(new URL("../../../shared/data/stories260K", import.meta.url));
let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "decade-llama2c-"))));
afterAll(() => rm(folder, { recursive: true }));

/** A header and as many zeros as it announces. */
function emptyModel(sizes: readonly number[], floats: number): Uint8Array {
  return new Uint8Array(Int32Array.from([...sizes, ...new Array<number>(floats).fill(0)]).buffer);
}

describe.skipIf(!existsSync(stories))("stories260K (skipped where ../shared/data is absent)", () => {
  test("as a Hugging Face folder, writes what llama2.c writes, to the letter", async () => {
    await writeLanguageModel(folder, await openLlama2c(stories));
    const { model, parameters, tokenizer, beginning, ends } = await openLanguageModel(folder);
    expect([beginning, ends]).toEqual([[1], [2]]);
    const tokens = await continueGreedily(model, parameters, beginning, 200);
    expect(tokenizer.decode(tokens)).toBe(readFileSync(join(stories, "expected-greedy-200.txt"), "utf8"));
  });

  test("cuts text into the tokens that llama2.c feeds, which spell it again", async () => {
    const { tokenizer } = await openLlama2c(stories);
    const text = "Once upon a time, there was a café 🙂.";
    const ids = tokenizer.encode(text);
    expect(tokenizer.decode(ids)).toBe(text);
    expect(Array.from(ids.subarray(0, 4), (id) => tokenizer.token(id))).toEqual(["▁Once", "▁upon", "▁a", "▁time"]);
  });

  test("is refused where the tokenizer is of another vocabulary", async () => {
    const bytes = await readFile(join(stories, "tok512.bin"));
    expect(() => readLlama2cTokenizer(bytes, 500, "tok.bin")).toThrow("tok.bin has 512 tokens, but the model's vocabulary has 500");
    expect(() => readLlama2cTokenizer(bytes.subarray(0, 5000), 512, "tok.bin")).toThrow("tok.bin breaks off or is damaged after");
  });
});

test("a file that is shorter than its header says is refused, and so is one whose header makes no sense", async () => {
  // 4 features, 6 hidden, 1 layer, 2 heads sharing 1, 5 tokens, context 3.
  const floats = 5 * 4 + (2 * 4 + 2 * 16 + 2 * 2 * 4 + 3 * 6 * 4) + 4 + 3 * 2;
  const sizes = [4, 6, 1, 2, 1, 5, 3];
  expect(readLlama2c(emptyModel(sizes, floats), "m.bin").model.options).toMatchObject({ tiedEmbeddings: true, keyValueHeads: 1 });
  expect(readLlama2c(emptyModel([4, 6, 1, 2, 1, -5, 3], floats + 20), "m.bin").model.options.tiedEmbeddings).toBe(false);
  expect(() => readLlama2c(emptyModel(sizes, floats - 1), "m.bin")).toThrow(`m.bin has ${4 * (6 + floats)} bytes, but its header (dimension 4, 1 layers, vocabulary 5) makes it ${4 * (7 + floats)}`);
  expect(() => readLlama2c(emptyModel([4, 6, 1, 3, 1, 5, 3], floats), "m.bin")).toThrow("not the sizes of a model of llama2.c");
  expect(() => readLlama2c(new Uint8Array(5), "m.bin")).toThrow("m.bin has 5 bytes, too few");
  await writeFile(join(folder, "a.bin"), "");
  await expect(openLlama2c(folder)).rejects.toThrow("holds a.bin; a model of llama2.c is one .bin file and a tokenizer");
});
