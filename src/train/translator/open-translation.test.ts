import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { openTranslator } from "../../exchange/translation-model.ts";
import { isModelFolder } from "./open-translation.ts";
import { Translator } from "./translator.ts";

function fixture(name: string): string {
  return fileURLToPath(new URL(`../../exchange/fixtures/${name}`, import.meta.url));
}

/** Made by ../exchange/fixtures/make-marian-folders.py. */
describe.each(["marian-shared", "marian-separate"])("%s", (name) => {
  test("translates greedily as transformers does", async () => {
    const folder = fixture(name);
    expect(await isModelFolder(folder)).toBe(true);
    const { greedy } = JSON.parse(await readFile(`${folder}/expected.json`, "utf8")) as { greedy: { source: string; tokens: number[] }[] };
    const { targetTokenizer } = await openTranslator(folder);
    const translator = await Translator.open(folder, { threads: 1 });
    const found = await translator.translate(greedy.map(({ source }) => source), { beam: 1, maximumLength: { factor: 0, constant: 12 } });
    found.forEach(({ text, tokens }, at) => {
      const expected = greedy[at]?.tokens ?? [];
      expect({ at, tokens }).toEqual({ at, tokens: expected.map((id) => targetTokenizer.token(id)) });
      expect(text).toBe(targetTokenizer.decode(expected));
    });
    const sampled = await translator.translate(greedy.map(({ source }) => source), { sample: { seed: 3 } });
    expect(sampled.flatMap(({ tokens }) => tokens)).not.toContain("<pad>");
    const [score] = await translator.score([{ source: greedy[0]?.source ?? "", target: found[0]?.text ?? "" }]);
    expect(score?.logProbability).toBeLessThan(0);
    await translator.dispose();
  });

  test("makes an ensemble with itself only", async () => {
    const both = await Translator.open([fixture(name), fixture(name)], { threads: 1 });
    const [alone] = await both.translate(["The old dog sees a bridge."], { beam: 2 });
    expect(alone?.tokens.length).toBeGreaterThan(0);
    await both.dispose();
    const other = fixture(name === "marian-shared" ? "marian-separate" : "marian-shared");
    await expect(Translator.open([fixture(name), other])).rejects.toThrow("Member 2 of the ensemble has another source vocabulary");
  });
});

test("folders that are no translator say what they are", async () => {
  await expect(Translator.open(fixture("tiny-llama"))).rejects.toThrow("describes the architecture LlamaForCausalLM, which is no encoder-decoder that Decade has");
  await expect(Translator.open(fixture("tiny-marian"))).rejects.toThrow("has no tokenizers");
  await expect(Translator.open(fixture("absent"))).rejects.toThrow("holds no run");
});
