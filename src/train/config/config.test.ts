import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { ConfigError, defineRun, resolveRun, type RunInput } from "./config.ts";
import { resolveTextRun } from "./text.ts";

const minimal = defineRun({
  name: "captions",
  data: { kind: "parallel", source: "train.en", target: "train.fr" },
  tokenizer: { kind: "bpe" },
  model: { kind: "seq2seq-lstm" },
});

function problemsOf(input: unknown): readonly string[] {
  try {
    resolveRun(input);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("resolveRun", () => {
  it("fills in every documented default", () => {
    expect(resolveRun(minimal)).toEqual({
      name: "captions",
      directory: "runs",
      seed: 1,
      data: {
        kind: "parallel",
        source: "train.en",
        target: "train.fr",
        maximumSourceLength: 100,
        maximumTargetLength: 100,
      },
      tokenizer: { kind: "bpe", vocabulary: 8000, lowercase: false },
      model: {
        kind: "seq2seq-lstm",
        layers: 2,
        encoderLayers: 2,
        decoderLayers: 2,
        hidden: 512,
        embedding: 512,
        bidirectional: false,
        attention: "none",
        inputFeeding: false,
        reverseSource: false,
        dropout: 0,
        residual: false,
        tiedEmbeddings: "none",
        bias: true,
        forgetBias: 1,
        initialization: { kind: "glorot" },
      },
      training: {
        epochs: 10,
        batch: { tokens: 4096 },
        accumulate: 1,
        optimizer: { kind: "adam", learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        schedule: { kind: "constant", warmup: 0 },
        clipNorm: 5,
        lossSpikes: { deviations: 6, window: 100 },
        labelSmoothing: 0,
        normalize: "tokens",
        validateEvery: { epochs: 1 },
        checkpointEvery: { epochs: 1 },
        keepLast: 3,
        logEvery: 50,
        mfu: true,
      },
      engine: { kind: "onnx" },
      parallel: { stages: 1, vocabulary: 1, schedule: "1f1b", chunks: 2, checkEvery: 100 },
    });
  });

  it("takes threads of the only engine without its kind", () => {
    expect(resolveRun({ ...minimal, engine: { threads: 1 } }).engine).toEqual({ kind: "onnx", threads: 1 });
  });

  it("lets sizes follow the sizes that they default to", () => {
    const { model } = resolveRun({
      ...minimal,
      model: { kind: "seq2seq-lstm", layers: 4, hidden: 64, decoderLayers: 1 },
    });
    expect(model).toMatchObject({ encoderLayers: 4, decoderLayers: 1, embedding: 64 });
  });

  it("trains for steps instead of the default epochs", () => {
    const { training } = resolveRun({ ...minimal, training: { steps: 20 } });
    expect([training.steps, training.epochs]).toEqual([20, undefined]);
  });

  it("completes validation files that leave their kind out", () => {
    const data = { ...minimal.data, validation: { source: "val.en", target: "val.fr" }, test: { count: 5 } };
    expect(resolveRun({ ...minimal, data }).data).toMatchObject({
      validation: { kind: "parallel", source: "val.en", target: "val.fr" },
      test: { count: 5 },
    });
  });

  it.each<[string, object]>([
    ["optimizer", { optimizer: { kind: "adamw", learningRate: 1 } }],
    ["schedule", { schedule: { kind: "inverse-sqrt" } }],
    ["steps", { steps: 3 }],
    ["fractional epochs", { epochs: 0.5 }],
    ["no clipping", { clipNorm: null }],
  ])("resolves a resolved configuration to itself: %s", (_, training) => {
    const resolved = resolveRun({ ...minimal, training, data: { ...minimal.data, validation: { fraction: 0.1 } } });
    expect(resolveRun(JSON.parse(JSON.stringify(resolved)))).toEqual(resolved);
  });
});

describe("a wrong configuration", () => {
  const model = (fields: object): object => ({ ...minimal, model: { kind: "seq2seq-lstm", ...fields } });
  const training = (fields: object): object => ({ ...minimal, training: fields });
  const data = (fields: object): object => ({ ...minimal, data: { ...minimal.data, ...fields } });

  it.each<[unknown, string[]]>([
    [5, ["the configuration: received 5, expected { name, data, tokenizer, model }."]],
    [
      { ...minimal, name: "../other" },
      ['name: received "../other", expected letters, digits, ".", "_" and "-", the first a letter, a digit or "_".'],
    ],
    [{ ...minimal, sed: 1 }, ['sed: unknown field; did you mean "seed"?']],
    [{ ...minimal, seed: -1 }, ["seed: received -1, expected integer ≥ 0 and ≤ 4294967295."]],
    [{ ...minimal, seed: undefined, name: undefined }, ["name: nothing was given, expected string."]],
    [model({ hiden: 5 }), ['model.hiden: unknown field for kind "seq2seq-lstm"; did you mean "hidden"?']],
    [model({ layers: 1.5 }), ["model.layers: received 1.5, expected integer ≥ 1."]],
    [model({ dropout: 1 }), ["model.dropout: received 1, expected number ≥ 0 and < 1."]],
    [
      model({ attention: "dott" }),
      ['model.attention: received "dott", expected "none" | "additive" | "dot" | "general".'],
    ],
    [
      model({ kind: "seq2seq-lst" }),
      ['model.kind: received "seq2seq-lst", expected "seq2seq-lstm" | "seq2seq-transformer"; did you mean "seq2seq-lstm"?'],
    ],
    [model({ kind: undefined }), ['model.kind: nothing was given, expected "seq2seq-lstm" | "seq2seq-transformer".']],
    [
      model({ initialization: { kind: "glorot", range: 1 } }),
      ['model.initialization.range: unknown field for kind "glorot"; the known ones are "kind".'],
    ],
    [training({ batch: { sentence: 4 } }), ['training.batch.sentence: unknown field; did you mean "sentences"?']],
    [
      training({ batch: { sentences: 4, tokens: 4 } }),
      ['training.batch: "sentences", "tokens" cannot be given together; expected { sentences } | { tokens }.'],
    ],
    [training({ batch: 4 }), ["training.batch: received 4, expected { sentences } | { tokens }."]],
    [training({ batch: { tokens: "many" } }), ['training.batch.tokens: received "many", expected integer ≥ 1.']],
    [training({ validateEvery: {} }), ["training.validateEvery: received {}, expected { epochs } | { steps }."]],
    [training({ clipNorm: "x" }), ['training.clipNorm: received "x", expected number > 0 | null.']],
    [
      training({ optimizer: { kind: "sgd", beta1: 0.9 } }),
      [
        'training.optimizer.beta1: unknown field for kind "sgd"; the known ones are "kind", "learningRate", "momentum".',
      ],
    ],
    [data({ validation: { fraction: 2 } }), ["data.validation.fraction: received 2, expected number > 0 and < 1."]],
    [data({ validation: { source: "a" } }), ["data.validation.target: nothing was given, expected non-empty string."]],
    [
      data({ validation: { kind: "tsvv", file: "a" } }),
      [
        'data.validation.kind: received "tsvv", expected "parallel" | "tsv" | "jsonl" | "dictionary"; did you mean "tsv"?',
      ],
    ],
    [
      { ...minimal, tokenizer: { source: { kind: "word" }, target: { kind: "bp" } } },
      ['tokenizer.target.kind: received "bp", expected "word" | "character" | "symbol" | "bpe"; did you mean "bpe"?'],
    ],
    [
      { ...minimal, tokenizer: { vocabulary: 3 } },
      ['tokenizer.kind: nothing was given, expected "word" | "character" | "symbol" | "bpe".'],
    ],
  ])("%j is told what is wrong", (input, problems) => {
    expect(problemsOf(input)).toEqual(problems);
  });

  it.each<[string, unknown, string]>([
    ["two durations", training({ epochs: 1, steps: 4 }), "training.epochs: received 1 beside training.steps 4"],
    ["input feeding without attention", model({ inputFeeding: true }), "inputFeeding needs attention"],
    [
      "tying two vocabularies",
      { ...model({ tiedEmbeddings: "all" }), tokenizer: { source: { kind: "word" }, target: { kind: "word" } } },
      'model.tiedEmbeddings: received "all", which needs a joint vocabulary',
    ],
    [
      "validation files without a kind beside a table",
      { ...minimal, data: { kind: "tsv", file: "a", validation: { source: "a", target: "b" } } },
      'data.validation.kind: nothing was given, but it may only be left out when data.kind is "parallel"',
    ],
    [
      "a plateau schedule without validation",
      training({ schedule: { kind: "plateau" } }),
      "follows the validation loss",
    ],
    [
      "patience without validation",
      training({ patience: 3 }),
      "training.patience: received 3, which counts validations",
    ],
    [
      "no training pairs",
      data({ validation: { fraction: 0.5 }, test: { fraction: 0.5 } }),
      "data.validation.fraction: received 0.5 beside data.test.fraction 0.5",
    ],
  ])("may not have %s", (_, input, message) => {
    const problems = problemsOf(input);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  it("reports everything at once, in one message", () => {
    const input = { ...model({ layers: 0, inputFeeding: true }), training: { epoch: 3, keepLast: "3" }, nam: 1 };
    expect(problemsOf(input)).toEqual([
      "model.layers: received 0, expected integer ≥ 1.",
      'training.keepLast: received "3", expected integer ≥ 1.',
      'training.epoch: unknown field; did you mean "epochs"?',
      'nam: unknown field; did you mean "name"?',
      expect.stringContaining("model.inputFeeding: received true"),
    ]);
    expect(() => resolveRun(input)).toThrow(/^The configuration has 5 problems:\n- model\.layers/);
  });

  test.prop([fc.jsonValue(), fc.constantFrom("name", "data", "tokenizer", "model", "training", "engine", "seed")])(
    "is never anything but a ConfigError",
    (value, field) => {
      for (const input of [value, { ...minimal, [field]: value }]) {
        for (const problem of problemsOf(input)) expect(problem).toMatch(/^.+: .+[.?]$/s);
      }
    },
  );
});

it.each<[unknown, string]>([
  [[], "data.parts: received [], expected array of at least 1."],
  [["brown"], 'data.parts.0: received "brown", expected { folder, weight }.'],
  [[{ folder: "a", weight: 1 }, { folder: "b", weight: -1 }], "data.parts.1.weight: received -1, expected number > 0."],
  [[{ folder: "a" }], "data.parts.0.weight: nothing was given, expected number > 0."],
  [[{ folder: "a", weight: 1, wieght: 1 }], 'data.parts.0.wieght: unknown field; did you mean "weight"?'],
])("what is wrong in an array is named with its place: %j", (parts, problem) => {
  expect(() => resolveTextRun({ name: "mixed", data: { kind: "mixture", parts }, model: { kind: "gpt" } })).toThrow(problem);
});

describe("defineRun", () => {
  it("refuses to type-check illegal combinations", () => {
    const illegal: RunInput[] = [
      // @ts-expect-error inputFeeding needs attention
      { ...minimal, model: { kind: "seq2seq-lstm", inputFeeding: true } },
      // @ts-expect-error epochs and steps exclude each other
      { ...minimal, training: { epochs: 1, steps: 2 } },
      // @ts-expect-error unknown field
      { ...minimal, model: { kind: "seq2seq-lstm", hiden: 2 } },
    ];
    for (const input of illegal) expect(problemsOf(input)).toHaveLength(1);
  });
});
