import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TextGenerationOptions } from "../../src/decode/language/generation-options.ts";
import { Generator } from "../../src/decode/language/generator.ts";
import { withWeights } from "../../src/decode/language/fixtures/tiny-text-model.ts";
import { onnx } from "../../src/engines/onnx/engine.ts";
import { openLanguageModel } from "../../src/exchange/open-language-model.ts";
import { writeLanguageModel } from "../../src/exchange/write-language-model.ts";
import { writeOnnx } from "../../src/exchange/write-onnx.ts";
import { Gpt } from "../../src/models/gpt.ts";
import { Tokenizer } from "../../src/text/tokenizer.ts";
import { findChromium } from "./chromium.ts";
import { buildPage, servePage, type PageServer } from "./page-server.ts";

const executable = findChromium();
if (executable === undefined) {
  console.warn("examples/browser is not tested, for there is no browser: install Chromium (apt-get install chromium) or set CHROMIUM_PATH.");
}

const TEXTS = ["Une fée dansait près du château.", "“Où vas-tu ?” dit l’ours — et l’été passa.", "日本の森 🌲🌲 naïve café"];
const PROMPT = "Une fée";

describe.skipIf(executable === undefined)("the page in Chromium", () => {
  let folder: string;
  let server: PageServer;
  let page: Page;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "decade-browser-"));
    closing.push(() => rm(folder, { recursive: true, force: true }));
    await Promise.all([writeModels(join(folder, "model")), buildPage(join(folder, "page"))]);
    server = await servePage(join(folder, "page"), join(folder, "model"), 0);
    closing.push(() => server.close());
    // Chromium's sandbox refuses to run as root.
    const browser = await chromium.launch({ ...(executable !== undefined && { executablePath: executable }), chromiumSandbox: process.getuid?.() !== 0 });
    closing.push(() => browser.close());
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    await open("model/");
  }, 180_000);

  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });

  async function open(model: string): Promise<void> {
    await page.goto(`${server.url}?model=${encodeURIComponent(model)}`);
    await page.locator("#generate:enabled, #error:visible").first().waitFor();
  }

  /** The text, in the pieces in which it came. */
  async function write(choice: "greedy" | "draw", fields: Readonly<Record<string, string | number>>): Promise<string[]> {
    await page.check(`#${choice}`);
    for (const [id, value] of Object.entries(fields)) await page.fill(`#${id}`, String(value));
    await page.evaluate(() => {
      const text = document.querySelector("#text");
      const pieces: string[] = [];
      Object.assign(globalThis, { pieces });
      const observer = new MutationObserver((changes) => {
        pieces.push(...changes.flatMap(({ addedNodes }) => Array.from(addedNodes, (node) => node.textContent ?? "")));
      });
      if (text !== null) observer.observe(text, { childList: true });
    });
    await page.click("#generate");
    await page.locator("#generate:enabled").waitFor();
    return page.evaluate(() => (globalThis as unknown as { pieces: string[] }).pieces.filter((piece) => piece !== ""));
  }

  async function inNode(options: TextGenerationOptions): Promise<string> {
    const generator = Generator.create(await openLanguageModel(join(folder, "model")), onnx({ threads: 1 }));
    const [[written] = []] = await generator.generate([PROMPT], options);
    await generator.dispose();
    return written?.text ?? "";
  }

  test("writes greedily, piece by piece, what the generator writes in Node", async () => {
    const pieces = await write("greedy", { prompt: PROMPT, "max-tokens": 60 });
    expect(await page.textContent("#text")).toBe(await inNode({ greedy: true, maxTokens: 60 }));
    expect(pieces.join("")).toBe(await page.textContent("#text"));
    expect(pieces.length).toBeGreaterThan(10);
    expect(await page.textContent("#given")).toBe(PROMPT);
    expect(await page.textContent("#status")).toMatch(/^60 tokens · [\d.,]+ tokens\/s · max tokens reached$/);
  });

  test("draws from a seed what the generator draws in Node", async () => {
    await write("draw", { prompt: PROMPT, temperature: 1.5, "top-p": 0.9, seed: 7, "max-tokens": 40 });
    expect(await page.textContent("#text")).toBe(await inNode({ temperature: 1.5, topP: 0.9, seed: 7, maxTokens: 40 }));
  });

  test("stops when it is told to", async () => {
    await page.evaluate(() => {
      const text = document.querySelector("#text");
      if (text !== null) new MutationObserver(() => document.querySelector<HTMLElement>("#stop")?.click()).observe(text, { childList: true });
    });
    await write("greedy", { prompt: PROMPT, "max-tokens": 900 });
    expect(await page.textContent("#status")).toMatch(/ · stopped$/);
    expect((await page.textContent("#text"))?.length).toBeGreaterThan(0);
  });

  test("writes with weights of 8 bits, where the folder has them", async () => {
    await page.selectOption("#weights", "int8");
    await page.locator("#facts", { hasText: "int8" }).waitFor();
    expect((await write("greedy", { prompt: PROMPT, "max-tokens": 5 })).join("").length).toBeGreaterThan(0);
  });

  test("tells of a prompt that is too long and of options that make no sense, and goes on", async () => {
    await write("greedy", { prompt: PROMPT.repeat(400) });
    expect(await page.textContent("#error")).toMatch(/^Prompt 1 has \d+ tokens, but the model can look at 1000; shorten it\.$/);
    await write("draw", { prompt: PROMPT, temperature: 0 });
    expect(await page.textContent("#error")).toMatch(/^The temperature is 0; give a number above 0/);
    await write("draw", { temperature: 1, "max-tokens": 3 });
    expect(await page.isVisible("#error")).toBe(false);
  });

  test.each([
    ["a model that is missing", "elsewhere/", /^There is no model at http\S+\/elsewhere\/, for config\.json is missing there; serve a folder/],
    ["a tokenizer that is missing", "model/no-tokenizer/", /has no tokenizer\.json, without which text cannot be read or written; export it again\.$/],
    ["weights that are missing", "model/no-weights/", /has no onnx\/model\.onnx; write it with "decade export --format onnx"\.$/],
    ["weights that are none", "model/damaged/", /^onnxruntime-web cannot open \S+model\.onnx \(.+\); export the model again\.$/],
    ["another architecture", "model/unsupported/", /describes the architecture MambaForCausalLM, which is no language model that Decade has/],
    ["an address that is none", "http://", /is no address of a folder/],
  ])("tells of %s", async (_what, model, sentence) => {
    await open(model);
    expect(await page.textContent("#error")).toMatch(sentence);
    expect(await page.isDisabled("#generate")).toBe(true);
  });
});

/** A model with random weights, float32 and int8, and beside it what only looks like one. */
async function writeModels(folder: string): Promise<void> {
  const tokenizer = await Tokenizer.train({ kind: "bpe", vocabulary: 280, lowercase: false }, TEXTS);
  const model = new Gpt({
    vocabulary: tokenizer.size, context: 1000, layers: 2, dimension: 32, heads: 4, keyValueHeads: 2, feedForward: 64, activation: "swiglu",
    normalization: "rms", epsilon: 1e-5, positions: "rotary", rotaryBase: 10_000, dropout: 0, bias: false, tiedEmbeddings: true,
  });
  const contents = { model, parameters: withWeights(model, tokenizer).parameters, tokenizer, start: tokenizer.endId };
  await writeLanguageModel(folder, contents);
  await writeOnnx(folder, contents);
  await writeOnnx(folder, contents, { quantize: "int8" });
  const copies = {
    "no-tokenizer": ["config.json"], "no-weights": ["config.json", "tokenizer.json"], "damaged": ["config.json", "tokenizer.json"], "unsupported": ["config.json"],
  };
  for (const [name, files] of Object.entries(copies)) for (const file of files) await cp(join(folder, file), join(folder, name, file));
  await cp(join(folder, "config.json"), join(folder, "damaged", "onnx", "model.onnx"));
  const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8")) as object;
  await writeFile(join(folder, "unsupported", "config.json"), JSON.stringify({ ...config, architectures: ["MambaForCausalLM"] }));
}
