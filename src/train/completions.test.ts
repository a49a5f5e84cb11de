import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CompletionBatches } from "../data/completions/completion-batches.ts";
import type { EncodedCompletion } from "../data/completions/encode-completions.ts";
import { hash32 } from "../data/shuffle.ts";
import { Generator } from "../decode/language/generator.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import { mix32 } from "../graph/ops/random.ts";
import { constant } from "../graph/tensor.ts";
import type { LanguageModel } from "../models/language-model.ts";
import { logSoftmax } from "../nn/activation.ts";
import { completionReading } from "./completion-reading.ts";
import { resolveTextRun, type TextRunConfig, type TextRunInput } from "./config/text.ts";
import { evaluateHeldOut } from "./evaluate/evaluate-text.ts";
import { ToyFolder } from "./fixtures/toy-run.ts";
import { buildLanguageModel } from "./run/open-text-run.ts";
import { openTextModel } from "./run/open-text-model.ts";
import { pretrain } from "./pretrain.ts";
import { textBatch, textTask } from "./text-task.ts";
import type { TrainEvent } from "./train-event.ts";

let folder: ToyFolder;

beforeAll(async () => {
  folder = await ToyFolder.create();
  // A few letters, and the same ones in capitals: what comes before `=` cannot be known, what comes after it can.
  const examples = Array.from({ length: 300 }, (_, at) => Array.from({ length: 1 + (hash32(5, at) % 3) }, (__, letter) => "abcd"[hash32(6, at, letter) % 4]).join(""));
  await write("letters.jsonl", examples.map((letters) => ({ prompt: `${letters}=`, solution: letters.toUpperCase() })));
});

afterAll(() => folder.remove());

async function write(name: string, records: readonly object[]): Promise<string> {
  const path = join(folder.path, name);
  await writeFile(path, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  return path;
}

const MODELS = {
  gpt: { kind: "gpt", layers: 1, dimension: 16, heads: 2, context: 12, dropout: 0.1 },
  "lstm-lm": { kind: "lstm-lm", layers: 1, hidden: 16, dropout: 0.1 },
} as const satisfies Readonly<Record<string, TextRunInput["model"]>>;

function config(name: string, training: TextRunInput["training"], changes: Partial<TextRunInput> = {}): TextRunConfig {
  return resolveTextRun({
    name, directory: folder.path, data: { kind: "completions", files: [join(folder.path, "letters.jsonl")] }, tokenizer: { kind: "character" }, model: MODELS.gpt,
    training: { batch: { sequences: 4 }, optimizer: { kind: "adamw", learningRate: 1e-2 }, logEvery: 1, keepLast: 100, mfu: false, ...training },
    engine: { kind: "onnx", threads: 1 }, ...changes,
  });
}

const EXAMPLES: readonly EncodedCompletion[] = [[[4, 5], [6, 7, 4]], [[3], []], [[6, 6, 5], [4]], [[7, 3], [3, 5]]]
  .map(([prompt = [], completion = []]) => ({ tokens: Int32Array.of(...prompt, ...completion, 3), from: prompt.length, bytes: completion.length }));

/** log p of an example's completion and end, with the example alone before the model, without a loss. */
async function logProbability(model: LanguageModel, { tokens, from }: EncodedCompletion): Promise<number> {
  const engine = reference();
  const state = engine.createState();
  for (const parameter of model.parameters()) state.declare(parameter);
  const program = await engine.compile({}, () => (
    { logs: logSoftmax(model.read(constant([...tokens.slice(0, -1)], "int32", [1, tokens.length - 1]), model.start(1, constant([0], "int32"))).logits) }), { state });
  const { data, shape } = (await program.run({})).logs;
  return [...tokens.slice(from)].reduce((sum, token, at) => sum + Number(data[(from - 1 + at) * (shape[2] ?? 0) + token]), 0);
}

describe.each(Object.entries(MODELS))("%s", (kind, model) => {
  test("has the loss of each completion after its own prompt alone, however rows are made up", async () => {
    const network = buildLanguageModel(resolveTextRun({ name: "x", data: { kind: "shards", folder: "f" }, model: { ...model, dropout: 0 } }).model, 8);
    for (const parameter of network.parameters()) {
      parameter.beginWith(Float32Array.from({ length: parameter.size }, (_, at) => mix32(mix32(at) + parameter.size) / 2 ** 31 - 1));
    }
    const expected = await Promise.all(EXAMPLES.map((example) => logProbability(network, example)));
    const { batches, reading } = completionReading(EXAMPLES, { recurrent: kind === "lstm-lm", window: 12, batch: 2, endOfDocument: 3, seed: 1 });
    const task = textTask(network, { labelSmoothing: 0, zLoss: 0, ...reading });
    const engine = reference();
    const program = await engine.compile(task.validationSignature, (feeds) => {
      const { loss, negativeLogLikelihoods } = task.validationLoss(feeds);
      return { loss, negativeLogLikelihoods };
    });
    let [total, judged] = [0, 0];
    for (let index = 0; index < batches.batchesInEpoch(0); index++) {
      const batch = textBatch(batches.batch(0, index), reading);
      total += Number((await program.run(batch.feeds)).loss.data[0]);
      judged += batch.targetTokens;
    }
    expect(total).toBeCloseTo(-expected.reduce((sum, log) => sum + log, 0), 4); // weights are kept as float32
    expect(judged).toBe(4 + 1 + 2 + 3);
  });

  test("stopped in the middle and resumed, it ends as the same bytes", async () => {
    const training = { steps: 24, validateEvery: { steps: 5 }, checkpointEvery: { steps: 4 }, validationBatches: 1 };
    const undisturbed = await pretrain(config(`${kind}-undisturbed`, training, { model }));
    const stop = new AbortController();
    const disturbed = config(`${kind}-disturbed`, training, { model });
    const onEvent = (event: TrainEvent): void => {
      if (event.kind === "progress" && event.step === 13) stop.abort();
    };
    expect((await pretrain(disturbed, { signal: stop.signal, onEvent })).reason).toBe("interrupted");
    const resumed = await pretrain(disturbed, { resume: true });
    expect(resumed).toMatchObject({ reason: "finished", best: undisturbed.best, whole: undisturbed.whole });
    for (const file of ["model.safetensors", "optimizer.safetensors"]) {
      expect(await readFile(folder.checkpoint(`${kind}-disturbed`, 24, file))).toEqual(await readFile(folder.checkpoint(`${kind}-undisturbed`, 24, file)));
    }
  });

  test("learns completions, which it then writes, and not what prompts say; its judgement is that of decade evaluate", async () => {
    const run = await pretrain(config(`${kind}-letters`, { steps: 300, batch: { sequences: 12 }, optimizer: { kind: "adamw", learningRate: 2e-2 }, validateEvery: { steps: 300 } }, { model: { ...model, dropout: 0 } }));
    expect(run.best?.loss).toBeLessThan(0.2);
    const source = await openTextModel(run.directory);
    const quality = await evaluateHeldOut(run.directory, source, onnx({ threads: 1 }));
    expect(quality.loss).toBeCloseTo(run.whole?.loss ?? NaN, 4);
    expect(quality.bitsPerByte).toBeGreaterThan(quality.loss / Math.LN2); // ends count as tokens and not as bytes
    const generator = Generator.create(source, onnx({ threads: 1 }));
    const written = await generator.generate(["ab=", "c="], { maxTokens: 8, greedy: true });
    expect(written.map(([sample]) => [sample?.text, sample?.reason])).toEqual([["AB", "end"], ["C", "end"]]);
    await generator.dispose();
  });
});

test("a batch of a recurrent model is no longer than its longest example", () => {
  const { batches } = completionReading(EXAMPLES, { recurrent: true, window: 99, batch: 4, endOfDocument: 3 });
  expect(batches).toBeInstanceOf(CompletionBatches);
  expect(batches.batch(0, 0).tokens.shape).toEqual([4, 5]);
});

describe("examples that are too long", () => {
  test("are left out and counted aloud", async () => {
    const file = await write("long.jsonl", [...Array.from({ length: 20 }, (_, at) => ({ prompt: `${at}`, solution: "x" })), { prompt: "z", solution: "y".repeat(40) }]);
    const messages: string[] = [];
    await pretrain(config("long", { steps: 1 }, { data: { kind: "completions", files: [file], validation: 0.05 } }), {
      onEvent: (event) => event.kind === "notice" && messages.push(event.message),
    });
    expect(messages).toEqual(["Left out of 20 training examples: 1, longer than the 12 tokens of a row (training.window, or model.context); the longest has 41."]);
  });

  test("are an error where none is left", async () => {
    const file = await write("all-long.jsonl", ["a", "b"].map((prompt) => ({ prompt, solution: "y".repeat(40) })));
    await expect(pretrain(config("all-long", { steps: 1 }, { data: { kind: "completions", files: [file] } }))).rejects.toThrow(
      "All 1 training examples are longer than the 12 tokens of a row (training.window, or model.context): the longest has 41.");
  });
});

describe("a run that begins from another", () => {
  const from = () => join(folder.path, "gpt-letters");
  const plain = { model: { ...MODELS.gpt, dropout: 0 } };

  test("has its weights and tokenizer at first, and learns on from there, also where the other is gone when it is resumed", async () => {
    const other = await openTextModel(from());
    const training = { steps: 1, optimizer: { kind: "sgd" as const, learningRate: 1e-30 }, validateEvery: { steps: 1 } };
    const run = await pretrain(config("begun", training, { ...plain, from: from() }));
    const begun = await openTextModel(run.directory);
    expect(begun.parameters).toEqual(other.parameters);
    expect(begun.tokenizer).toEqual(other.tokenizer);
    expect(JSON.parse(await readFile(join(run.directory, "config.json"), "utf8"))).toMatchObject({ from: { run: from(), checkpoint: "best" } });
    const longer = config("begun", { ...training, steps: 2 }, { ...plain, from: join(folder.path, "gone") });
    expect(await pretrain(longer, { resume: true })).toMatchObject({ reason: "finished", step: 2 });
  });

  test("may take another text and no tokenizer of its own, and a checkpoint that is named", async () => {
    const file = join(folder.path, "text.txt");
    await writeFile(file, "abcd=ABCD=".repeat(20));
    const beginning = { run: from(), checkpoint: "300" };
    await pretrain(config("text", { steps: 1, window: 8 }, { ...plain, data: { kind: "text", files: [file] }, tokenizer: undefined, from: beginning }));
    expect(await readFile(join(folder.path, "text", "tokenizer.json"), "utf8")).toBe(await readFile(join(from(), "tokenizer.json"), "utf8"));
  });

  test.each([
    ["another size", { model: { ...MODELS.gpt, layers: 2 } }, /model\.layers is 2, but 1 in the run .*gpt-letters, from which the weights come; make them the same/],
    ["another kind of network", { model: MODELS["lstm-lm"] }, /model\.kind is "lstm-lm", but "gpt" in the run/],
    ["another tokenizer", { tokenizer: { kind: "bpe", vocabulary: 300 } }, /tokenizer\.kind is "bpe", but "character" in the run/],
  ] satisfies [string, Partial<TextRunInput>, RegExp][])("is refused with %s, and leaves no folder behind", async (name, changes, message) => {
    const wrong = config(name.replaceAll(" ", "-"), { steps: 1 }, { ...plain, from: from(), ...changes });
    await expect(pretrain(wrong)).rejects.toThrow(message);
    await expect(readFile(join(folder.path, wrong.name, "config.json"))).rejects.toThrow("ENOENT");
  });

  test("is refused where it is no run, or the run itself", async () => {
    await expect(pretrain(config("orphan", { steps: 1 }, { from: join(folder.path, "nowhere") }))).rejects.toThrow(/nowhere holds no run/);
    await expect(pretrain(config("gpt-letters", { steps: 1 }, { ...plain, from: from() }), { overwrite: true })).rejects.toThrow(/is the folder of this run itself/);
  });
});

test("validations that look at a part judge by it, and the last one looks at all; the part is taken from all over", async () => {
  const all = await pretrain(config("judged-by-all", { steps: 12, validateEvery: { steps: 4 } }));
  const part = await pretrain(config("judged-by-part", { steps: 12, validateEvery: { steps: 4 }, validationBatches: 1 }));
  const { validations: whole } = await folder.log("judged-by-all");
  const { validations } = await folder.log("judged-by-part");
  expect(validations.map(({ step, wholeLoss }) => [step, wholeLoss !== undefined])).toEqual([[4, false], [8, false], [12, true]]);
  expect(part.whole?.loss).toBeCloseTo(all.whole?.loss ?? NaN, 5);
  expect(validations.at(-1)).toMatchObject({ wholeLoss: part.whole?.loss });
  expect(validations.at(-1)?.["validationLoss"]).not.toBeCloseTo(Number(whole.at(-1)?.["validationLoss"]), 5);
  expect(await pretrain(config("judged-by-part", { steps: 12, validateEvery: { steps: 4 }, validationBatches: 1 }), { resume: true })).toMatchObject({ whole: part.whole, best: part.best });
});

test.each([
  [{ training: { order: "random" } }, /training\.order: received "random", but examples are whole/],
  [{ tokenizer: undefined }, /tokenizer: nothing was given, but the data is not cut into tokens/],
  [{ data: { kind: "completions", files: [] } }, /data\.files/],
  [{ data: { kind: "completions", file: "x" } }, /data\.file: unknown field for kind "completions"; .*files/],
])("%j is refused", (changes, message) => {
  expect(() => resolveTextRun({ name: "x", data: { kind: "completions", files: ["x.jsonl"] }, tokenizer: { kind: "character" }, model: { kind: "gpt" }, ...changes })).toThrow(message);
});
