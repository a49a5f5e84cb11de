import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hash32 } from "../data/shuffle.ts";
import { writeShards } from "../data/shards/write-shards.ts";
import type { Engine } from "../engines/engine.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { isTextRun, resolveTextRun, type TextRunConfig, type TextRunInput } from "./config/text.ts";
import { evaluateHeldOut } from "./evaluate/evaluate-text.ts";
import type { TextTrainingInput } from "./config/training.ts";
import { ToyFolder } from "./fixtures/toy-run.ts";
import { openTextModel } from "./run/open-text-model.ts";
import { pretrain } from "./pretrain.ts";
import { averageRun } from "./run/average-run.ts";
import { RunDirectory } from "./run/run-directory.ts";

let folder: ToyFolder;
let text: string;

beforeAll(async () => {
  folder = await ToyFolder.create();
  text = join(folder.path, "text.txt");
  // Pairs of equal letters, so that every second one can be known.
  await writeFile(text, Array.from({ length: 400 }, (_, at) => "abcdef"[hash32(3, at) % 6]?.repeat(2)).join(""));
});

afterAll(() => folder.remove());

const MODELS = {
  gpt: { kind: "gpt", layers: 1, dimension: 16, heads: 2, context: 8, dropout: 0.1 },
  "lstm-lm": { kind: "lstm-lm", layers: 1, hidden: 16, dropout: 0.1 },
} as const satisfies Readonly<Record<string, TextRunInput["model"]>>;

function config(name: string, model: TextRunInput["model"], training: TextRunInput["training"]): TextRunConfig {
  return resolveTextRun({
    name, directory: folder.path, data: { kind: "text", files: [text], validation: 0.1 }, tokenizer: { kind: "character" }, model,
    training: { batch: { sequences: 4 }, window: 8, optimizer: { kind: "adamw", learningRate: 1e-2 }, logEvery: 1, keepLast: 100, ...training },
    engine: { kind: "onnx", threads: 1 },
  });
}

describe.each(Object.entries(MODELS))("%s", (kind, model) => {
  test.each([
    ["adamw", {}],
    ["muon", { optimizer: { kind: "muon" }, average: { decay: 0.9 }, accumulate: 2 }],
  ] satisfies [string, TextRunInput["training"]][])("by %s, stopped in the middle and resumed, it ends as the same bytes, whatever was judged in between", async (optimizer, special) => {
    const training = { steps: 12, validateEvery: { steps: 3 }, checkpointEvery: { steps: 2 }, ...special };
    const name = `${kind}-${optimizer}`;
    await pretrain(config(`${name}-undisturbed`, model, training));
    const stop = new AbortController();
    const disturbed = config(`${name}-disturbed`, model, training);
    const onEvent = (event: { readonly kind: string; readonly step?: number }): void => {
      if (event.kind === "progress" && event.step === 5) stop.abort();
    };
    expect((await pretrain(disturbed, { signal: stop.signal, onEvent })).reason).toBe("interrupted");
    expect((await pretrain(disturbed, { resume: true })).reason).toBe("finished");
    for (const file of ["model.safetensors", "optimizer.safetensors"]) {
      expect(await readFile(folder.checkpoint(`${name}-disturbed`, 12, file))).toEqual(await readFile(folder.checkpoint(`${name}-undisturbed`, 12, file)));
    }
  });

  test("learns what can be known, and its judgement is that of decade evaluate", async () => {
    const name = `${kind}-learning`;
    const run = await pretrain(config(name, model, { steps: 300, validateEvery: { steps: 300 } }));
    // Every second letter is one of six: log 6 / 2 nats at best.
    expect(run.best?.loss).toBeLessThan(1.5);
    const quality = await evaluateHeldOut(run.directory, await openTextModel(run.directory), onnx({ threads: 1 }));
    const bytes = 79; // the last tenth of 800, but for the end token
    expect(quality.tokens).toBe(bytes + 1);
    expect(quality.perplexity).toBeCloseTo(Math.exp(quality.loss), 10);
    expect(quality.bitsPerByte).toBeCloseTo((quality.loss * quality.tokens) / bytes / Math.LN2, 10);
    // A recurrent model is judged in four rows while it trains and in one here, which knows more at each row's start.
    expect(quality.loss).toBeCloseTo(run.best?.loss ?? NaN, kind === "gpt" ? 4 : 1);
  });
});

test("bits per byte are those of the held-out text, also where the vocabulary lacks its words", async () => {
  const [learned, heldOut] = [join(folder.path, "learned.txt"), join(folder.path, "held-out.txt")];
  const text = "one supercalifragilistic two";
  await writeFile(learned, "one two three four five ".repeat(7));
  await writeFile(heldOut, text);
  const run = await pretrain(resolveTextRun({
    ...config("words", MODELS.gpt, { steps: 2 }), tokenizer: { kind: "word", minimumCount: 2 },
    data: { kind: "text", files: [learned, heldOut], validation: 0.1 }, // the last 4 of 40 tokens, ends included: the second file
  }));
  const quality = await evaluateHeldOut(run.directory, await openTextModel(run.directory), onnx({ threads: 1 }));
  expect(quality.tokens).toBe(4);
  expect(quality.bitsPerByte).toBeCloseTo((quality.loss * quality.tokens) / Buffer.byteLength(text) / Math.LN2, 10);
});

test("the log says which share of the engine's peak training reaches: so much for each token a second", async () => {
  const told: (number | undefined)[] = [];
  await pretrain(config("utilised", MODELS.gpt, { steps: 6 }), { onEvent: (event) => event.kind === "progress" && told.push(event.mfu) });
  const { steps } = await folder.log("utilised");
  const shares = steps.map(({ mfu, tokensPerSecond }) => Number(mfu) / Number(tokensPerSecond));
  expect(shares).toHaveLength(6);
  for (const share of shares) expect(share / (shares[0] ?? NaN)).toBeCloseTo(1, 10); // all batches are of one size
  expect(told).toEqual(steps.map(({ mfu }) => mfu));
  expect(told[0]).toBeGreaterThan(0);
  await pretrain(config("not-utilised", MODELS.gpt, { steps: 2, mfu: false }));
  expect((await folder.log("not-utilised")).steps[0]).not.toHaveProperty("mfu");
});

describe("a run that cannot go on", () => {
  test("under another number of rows says which state does not fit", async () => {
    await expect(pretrain(config("lstm-lm-learning", MODELS["lstm-lm"], { steps: 301, batch: { sequences: 8 } }), { resume: true }))
      .rejects.toThrow(/carried\.layers\.0\.hidden" is \[4, 16\] in the checkpoint .*step-300, but \[8, 16\] under this configuration; .* as training\.batch\.sequences says/);
  });

  test("because its log is damaged gives back what was compiled for it", async () => {
    const log = join(folder.path, "gpt-learning", "metrics.jsonl");
    const text = await readFile(log, "utf8");
    await writeFile(log, `damaged\n${text}`);
    let open = 0;
    const engine = onnx({ threads: 1 });
    const counting: Engine = {
      name: engine.name, createState: () => engine.createState(),
      compile: async (...given) => {
        const program = await engine.compile(...given);
        open++;
        return { state: program.state, run: (...feeds) => program.run(...feeds), dispose: async () => { open--; await program.dispose(); } };
      },
    };
    await expect(pretrain(config("gpt-learning", MODELS.gpt, { steps: 301 }), { resume: true, engine: counting })).rejects.toThrow(/metrics\.jsonl: line 1 is not a JSON object/);
    expect(open).toBe(0);
    await writeFile(log, text);
  });

  test("by validations of shards that hold nothing out says so", async () => {
    const shards = join(folder.path, "shards");
    await writeShards({ folder: shards, sources: [{ kind: "text", file: text }], tokenizer: { kind: "bpe", vocabulary: 262, lowercase: false }, validation: 0 });
    const byShards = (training: Omit<TextTrainingInput, "epochs" | "steps">) => (
      pretrain({ ...config("unjudged", MODELS.gpt, { steps: 1, ...training }), data: { kind: "shards", folder: shards }, tokenizer: undefined }));
    await expect(byShards({ patience: 3 })).rejects.toThrow("training.patience: received 3, which counts validations, but the shards hold no text out");
    await expect(byShards({ schedule: { kind: "plateau" } })).rejects.toThrow('training.schedule.kind: received "plateau", which follows the validation loss');
    expect((await byShards({})).best).toBeUndefined();
  });

  test.each([0, 1.5, NaN, 99])("an average of %s checkpoints is refused", async (count) => {
    await expect(averageRun(join(folder.path, "gpt-learning"), count)).rejects.toThrow(`An average of ${count} checkpoints was asked for`);
  });
});

describe("configuration", () => {
  const base = { name: "x", data: { kind: "text", files: ["a.txt"] }, tokenizer: { kind: "character" }, model: { kind: "gpt" } };

  test("what is meant for text is told from what is meant for pairs", () => {
    expect(isTextRun(base)).toBe(true);
    expect(isTextRun({ name: "x", data: { kind: "shards" } })).toBe(true);
    expect(isTextRun({ name: "x", data: { kind: "tsv" }, model: { kind: "seq2seq-lstm" } })).toBe(false);
  });

  test.each([
    [{ ...base, tokenizer: undefined }, /tokenizer: nothing was given, but the data is not cut into tokens/],
    [{ ...base, data: { kind: "shards", folder: "f" } }, /tokenizer: given beside data.kind "shards"/],
    [{ ...base, model: { kind: "gpt", dimension: 100, heads: 3 } }, /model.heads: received 3, which does not divide model.dimension 100/],
    [{ ...base, model: { kind: "gpt", heads: 4, keyValueHeads: 3 } }, /model.keyValueHeads: received 3/],
    [{ ...base, training: { window: 300 } }, /training.window: received 300, more than the 256 tokens/],
    [{ ...base, model: { kind: "lstm-lm" }, training: { separateDocuments: true } }, /training.separateDocuments: received true, but a lstm-lm has no attention/],
    [{ ...base, training: { order: "sequential" } }, /training.order: received "sequential"/],
    [{ ...base, model: { kind: "gpt", layer: 3 } }, /model.layer: unknown field for kind "gpt"; .*layers/],
  ])("%j is refused", (input, message) => {
    expect(() => resolveTextRun(input)).toThrow(message);
  });

  test("too short a text, and a run used as the other kind, are named", async () => {
    await expect(pretrain({ ...config("short", { kind: "gpt", context: 4_000 }, {}), training: { ...config("short", { kind: "gpt" }, {}).training, window: 4_000 } })).rejects.toThrow(/but shuffled windows need 4001/);
    const run = await RunDirectory.open(join(folder.path, "gpt-learning"));
    await expect(run.readConfig()).rejects.toThrow(/is a language model/);
  });
});
