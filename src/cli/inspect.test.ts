import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadAnyConfig, loadConfig, loadTrainable } from "../train/config/load.ts";
import { inspectConfig } from "../train/run/inspect.ts";
import { Workplace } from "./fixtures/command-line.ts";
import { main } from "./program.ts";

const examples = fileURLToPath(new URL("../../examples/", import.meta.url));

async function inspect(...args: string[]): Promise<{ code: number; out: string }> {
  const out: string[] = [];
  const code = await main(["inspect", ...args], { out: (part) => out.push(part), err: () => undefined, interactive: false });
  return { code, out: out.join("") };
}

describe("inspect", () => {
  it("counts the model of 2014 as its paper does, and makes no weights", async () => {
    const before = process.memoryUsage().rss;
    const { out } = await inspect(`${examples}sutskever-2014.config.ts`, "--json");
    const { parameters, recurrentParameters, layers } = JSON.parse(out) as { parameters: number; recurrentParameters: number; layers: { name: string; parameters: number }[] };
    expect(parameters).toBe(384_000_000);
    expect(recurrentParameters).toBe(64_000_000);
    expect(layers.map(({ name }) => name)).toEqual([
      "sourceEmbedding", "targetEmbedding", ...[0, 1, 2, 3].map((layer) => `encoder.${layer}`), ...[0, 1, 2, 3].map((layer) => `decoder.${layer}`), "output",
    ]);
    expect(layers.reduce((sum, layer) => sum + layer.parameters, 0)).toBe(parameters);
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 2 ** 20);
  });

  it("counts the same for a configuration whose data is there and for the run that was trained from it", async () => {
    const place = await Workplace.create();
    try {
      expect((await place.decade("train", place.path("toy.json"), "--set", "training.steps=1")).code).toBe(0);
      const [config, run] = [await inspect(place.path("toy.json"), "--json"), await inspect(place.run("toy"), "--json")];
      expect(config.out).toBe(run.out);
      expect((await inspect(place.run("toy"), "--set", "model.hidden=3")).code).toBe(2);
      expect((await inspect(place.path("toy.json"))).out).toMatch(/^total +[\d,]+ +[\d,]+$/m);
    } finally {
      await place.remove();
    }
  });

  it("has lines of 100 characters, and lists every tensor where it is asked to", async () => {
    const config = `${examples}translate-transformer.config.ts`;
    const [short, json, long] = [await inspect(config), await inspect(config, "--json"), await inspect(config, "--tensors")];
    const { layers } = JSON.parse(json.out) as { layers: { name: string; shapes: Record<string, number[]> }[] };
    expect(Math.max(...[short, long].flatMap(({ out }) => out.split("\n").map((line) => line.length)))).toBeLessThanOrEqual(100);
    expect(short.out).toMatch(/^encoder\.0 +transformer-encoder-layer +132,480 +16$/m);
    const listed = long.out.split("\n").flatMap((line) => /^ {2}(\S+) +(\[.*\])$/.exec(line)?.slice(1).join(" ") ?? []);
    expect(listed).toEqual(layers.flatMap(({ shapes }) => Object.entries(shapes).map(([name, shape]) => `${name} [${shape.join(", ")}]`)));
  });

  it.each([["tiny-gpt2", 4_752], ["tiny-llama", 5_584]])("counts what the files of a model of transformers hold: %s", async (name, held) => {
    const { out, code } = await inspect(fileURLToPath(new URL(`../exchange/fixtures/${name}`, import.meta.url)), "--json");
    const { parameters, layers } = JSON.parse(out) as { parameters: number; layers: { parameters: number }[] };
    expect([code, parameters, layers.reduce((sum, layer) => sum + layer.parameters, 0)]).toEqual([0, held, held]);
  });

  it("counts a shared matrix once", async () => {
    const sizes = ["model.hidden=512", "model.embedding=512", "tokenizer.vocabulary=4000"];
    const untied = await inspectConfig(await loadConfig(`${examples}captions-2014.config.ts`, sizes));
    const tied = await inspectConfig(await loadConfig(`${examples}captions-2014.config.ts`, [...sizes, "model.tiedEmbeddings=all"]));
    expect(untied.parameters - tied.parameters).toBe(2 * 4_000 * 512);
    expect(tied.layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(tied.parameters);
  });
});

describe("the examples", () => {
  it("of a phrase-based translator has no network to inspect, which is said", async () => {
    await expect(loadAnyConfig(`${examples}translate-phrases.config.ts`)).rejects.toThrow(/describes a phrase-based translator, which has no network/);
  });

  it("are valid configurations", async () => {
    const configs = (await readdir(examples)).filter((file) => file.endsWith(".config.ts"));
    expect(configs.length).toBeGreaterThanOrEqual(5);
    for (const file of configs) await expect(loadTrainable(`${examples}${file}`), file).resolves.toMatchObject({ name: file.replace(".config.ts", "") });
  });
});
