import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { configMarkdown } from "./markdown.ts";
import { describeConfig } from "./describe.ts";

describe("describeConfig", () => {
  const fields = describeConfig();
  const find = (path: string, when?: string) => fields.find((each) => each.path === path && each.when === when);

  it("describes every field", () => {
    expect(fields.filter(({ description }) => description === "").map(({ path }) => path)).toEqual([]);
    expect(fields.length).toBeGreaterThan(80);
  });

  it("gives type, default and choice", () => {
    expect(find("seed")).toMatchObject({ type: "integer ≥ 0 and ≤ 4294967295", default: 1, required: false });
    expect(find("name")).toMatchObject({ type: "string", default: undefined, required: true });
    expect(find("model.layers", 'model.kind = "seq2seq-lstm"')).toMatchObject({ type: "integer ≥ 1", default: 2 });
    expect(find("model.attention", 'model.kind = "seq2seq-lstm"')).toMatchObject({ type: '"none" | "additive" | "dot" | "general"', default: "none" });
    expect(find("training.clipNorm")).toMatchObject({ type: "number > 0 | null", default: 5 });
    expect(find("training.optimizer.learningRate", 'training.optimizer.kind = "sgd"')).toMatchObject({ default: 0.7 });
    expect(find("training.optimizer.learningRate", 'training.optimizer.kind = "adam"')).toMatchObject({
      default: 0.001,
    });
    expect(find("training.batch.sentences", "training.batch = { sentences }")).toMatchObject({ required: true });
  });
});

it("gives docs/config.md as it stands; npx jiti docs/write-config.ts writes it anew", async () => {
  expect(await readFile(new URL("../../../docs/config.md", import.meta.url), "utf8")).toBe(configMarkdown());
});
