import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigError } from "./config.ts";
import { loadConfig } from "./load.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "config-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const body = `{
  "name": "captions",
  "data": { "kind": "parallel", "source": "train.en", "target": "/data/train.fr",
            "validation": { "source": "val.en", "target": "val.fr" }, "test": { "kind": "tsv", "file": "test.tsv" } },
  "tokenizer": { "kind": "word" },
  "model": { "kind": "seq2seq-lstm" }
}`;

describe("loadConfig", () => {
  it.each([
    ["a.json", body],
    ["a.mjs", `export default ${body};`],
    ["a.js", `export default ${body};`],
    ["a.ts", `interface Named { name: string }\nconst run: Named = ${body};\nexport default run;`],
    ["promised.ts", `export default Promise.resolve(${body});`],
  ])("reads %s, and finds its data from its own folder", async (name, content) => {
    const config = await loadConfig(await file(name, content), []);
    expect(config.data).toMatchObject({
      source: join(folder, "train.en"),
      target: "/data/train.fr",
      validation: { kind: "parallel", source: join(folder, "val.en"), target: join(folder, "val.fr") },
      test: { kind: "tsv", file: join(folder, "test.tsv"), sourceColumn: 0, targetColumn: 1 },
    });
    expect(config.directory).toBe("runs");
  });

  it("leaves data without files as it is", async () => {
    const path = await file(
      "dictionary.ts",
      `export default { name: "g2p", data: { kind: "dictionary", package: "cmu-pronouncing-dictionary",
        validation: { count: 10 } }, tokenizer: { kind: "character" }, model: { kind: "seq2seq-lstm" } };`,
    );
    const { data } = await loadConfig(path);
    expect(data).toMatchObject({ package: "cmu-pronouncing-dictionary", stress: false, validation: { count: 10 } });
  });

  it("applies overrides before it checks", async () => {
    const path = await file("b.json", body);
    const config = await loadConfig(path, ["model.hidden=32", "training.steps=5", "data.source=other.en"]);
    expect(config.model).toMatchObject({ hidden: 32, embedding: 32 });
    expect(config.training).toMatchObject({ steps: 5 });
    expect(config.data).toMatchObject({ source: join(folder, "other.en") });
  });

  it("reads a file anew after it changed", async () => {
    const path = await file("changing.ts", `export default ${body};`);
    expect((await loadConfig(path)).name).toBe("captions");
    await file("changing.ts", `export default ${body.replace("captions", "subtitles")};`);
    expect((await loadConfig(path)).name).toBe("subtitles");
  });

  const hasIndex = existsSync(new URL("../../index.ts", import.meta.url));
  it.skipIf(!hasIndex)("lets a file anywhere import the package by its name", async () => {
    const path = await file("named.ts", `import { defineRun } from "decade";\nexport default defineRun(${body});`);
    expect((await loadConfig(path)).name).toBe("captions");
  });

  it.each([
    ["none.ts", undefined, "it cannot be read, for it does not exist"],
    ["none", undefined, "it cannot be read, for it does not exist"],
    ["a.yaml", "name: x", "expected a file that ends in .ts, .mts, .js, .mjs, .json"],
    ["broken.json", "{", "it cannot be loaded"],
    ["broken.ts", "export default {", "it cannot be loaded"],
    ["throwing.ts", 'throw new Error("no data today");', "it cannot be loaded (no data today)"],
    ["named.mjs", `export const run = ${body};`, "it has no default export"],
    ["wrong.json", `{ "nam": 1 }`, 'nam: unknown field; did you mean "name"?'],
  ])("says what is wrong with %s", async (name, content, message) => {
    const path = content === undefined ? join(folder, name) : await file(name, content);
    const error: unknown = await loadConfig(path).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain(path);
    expect(String(error)).toContain(message);
  });
});
