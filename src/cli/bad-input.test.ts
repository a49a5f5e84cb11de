/** What a user may get wrong: each time one sentence that names it, the right exit code, and no stack. */
import { cp, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lastLine, Workplace, type Outcome } from "./fixtures/command-line.ts";

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
  const { code, err } = await place.decade("train", place.path("toy.json"), "--set", "training.steps=20");
  expect(code, err).toBe(0);
});
afterAll(() => place.remove());

function expectFailure({ code, err }: Outcome, ...parts: string[]): void {
  for (const part of parts) expect(err).toContain(part);
  expect(err).not.toMatch(/^ +at /m);
  expect(err).toMatch(/^decade: /m);
  expect(code).toBe(1);
}

const train = (...set: string[]): Promise<Outcome> => (
  place.decade("train", place.path("toy.json"), "--name", "bad", ...set.flatMap((each) => ["--set", each])));

describe("data", () => {
  it("that is missing", async () => {
    expectFailure(await train("data.source=nowhere.en"), "nowhere.en does not exist");
  });

  it("that is empty", async () => {
    await place.write("empty.en", "");
    expectFailure(await train("data.source=empty.en"), "empty.en is empty");
  });

  it("that is not UTF-8, with line and byte", async () => {
    await place.write("latin.en", Buffer.concat([Buffer.from("a line\n"), Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a])]));
    expectFailure(await train("data.source=latin.en"), "latin.en is not UTF-8: byte 0xe9 at offset 10 (line 2)");
    expectFailure(await place.decade("translate", place.run("toy"), place.path("latin.en")), "latin.en is not UTF-8");
  });

  it("whose line counts differ, with both", async () => {
    await place.write("short.en", "one\ntwo\n");
    expectFailure(await train("data.source=short.en"), "short.en has 2 lines", "toy.fr has 200");
    expectFailure(
      await place.decade("evaluate", place.run("toy"), "--source", place.path("short.en"), "--reference", place.path("toy.fr")),
      "short.en has 2 lines");
    expectFailure(
      await place.decade("score-text", "--hypothesis", place.path("short.en"), "--reference", place.path("toy.fr")), "has 2 lines", "has 200");
  });

  it("of which nothing is short enough", async () => {
    expectFailure(await train("data.maximumSourceLength=1"), "No training pair is left");
  });

  it("for a model that memory has no room for", async () => {
    expectFailure(await train("model.hidden=1000000000"), '"sourceEmbedding.weight" [', "make the model smaller");
  });

  it("leaves no run behind", async () => {
    await train("data.source=nowhere.en", 'name="nowhere"');
    await train("data.maximumSourceLength=1", 'name="nowhere"');
    await train("training.optimizer.learningRate=1e30", 'name="nowhere"', "training.clipNorm=null");
    expect(await readdir(place.path("runs"))).not.toContain("nowhere");
  });
});

describe("a configuration", () => {
  it("with an unknown field: the nearest is named", async () => {
    await place.write("unknown.json", JSON.stringify({ ...place.toyConfig(), modle: {} }));
    expectFailure(await place.decade("train", place.path("unknown.json")), "modle: unknown field", 'did you mean "model"?');
    expectFailure(await train("training.ephocs=3"), 'did you mean "epochs"?');
  });

  it("with a value of the wrong type: what came and what should", async () => {
    expectFailure(await train("model.hidden=wide"), 'model.hidden: received "wide", expected integer');
  });

  it("that is not there, or not one", async () => {
    expectFailure(await place.decade("train", place.path("nowhere.json")), "it cannot be read");
    await place.write("broken.json", "{");
    expectFailure(await place.decade("train", place.path("broken.json")), "it cannot be loaded");
  });
});

describe("a run", () => {
  const damaged = async (name: string): Promise<string> => {
    await cp(place.run("toy"), place.run(name), { recursive: true });
    return place.run(name);
  };

  it("that is not there", async () => {
    expectFailure(await place.decade("translate", place.run("nowhere")), "holds no run");
    expectFailure(await place.decade("evaluate", place.run("toy"), "--checkpoint", "7"), "has no checkpoint of step 7; it has 10, 20");
  });

  it("whose vocabulary is another than its checkpoint's", async () => {
    const run = await damaged("vocabulary");
    const file = join(run, "tokenizer.json");
    const tokenizer = JSON.parse(await readFile(file, "utf8")) as { model: { vocab: Record<string, number> } };
    const { vocab } = tokenizer.model;
    const [first = "", second = ""] = Object.keys(vocab).slice(-2);
    [vocab[first], vocab[second]] = [vocab[second] ?? 0, vocab[first] ?? 0]; // of equal size: no shape gives it away
    await writeFile(file, JSON.stringify(tokenizer));
    expectFailure(await place.decade("translate", run, place.path("toy.en")), "was trained with another vocabulary");
    const config = await place.write("vocabulary.json", JSON.stringify({ ...place.toyConfig(), name: "vocabulary" }));
    expectFailure(await place.decade("train", config, "--resume"), "was trained with another vocabulary");
  });

  it("whose tokenizer was written again with other spaces still works", async () => {
    const run = await damaged("respaced");
    const file = join(run, "tokenizer.json");
    await writeFile(file, JSON.stringify(JSON.parse(await readFile(file, "utf8")), undefined, 4));
    expect((await place.decade("translate", run, place.path("toy.en"))).code).toBe(0);
  });

  it("whose checkpoint was cut short", async () => {
    const file = join(await damaged("truncated"), "checkpoints/step-20/model.safetensors");
    await truncate(file, (await readFile(file)).length - 100);
    expectFailure(await place.decade("evaluate", place.run("truncated")), "model.safetensors is truncated");
    expect((await place.decade("evaluate", place.run("truncated"), "--checkpoint", "10")).code).toBe(0);
  });

  it("whose checkpoint was altered by one bit", async () => {
    const file = join(await damaged("altered"), "checkpoints/step-20/model.safetensors");
    const bytes = await readFile(file);
    bytes[bytes.length - 50] = (bytes[bytes.length - 50] ?? 0) ^ 1;
    await writeFile(file, bytes);
    expectFailure(await place.decade("evaluate", place.run("altered")), "model.safetensors is altered: expected SHA-256");
  });

  it("that holds no test pairs", async () => {
    const config = await place.write("untested.json", JSON.stringify({
      ...place.toyConfig(), name: "untested", data: { kind: "parallel", source: "toy.en", target: "toy.fr" }, training: { steps: 1 },
    }));
    expect((await place.decade("train", config)).code).toBe(0);
    expectFailure(await place.decade("evaluate", place.run("untested")), "holds out no test pairs");
  });

  it("without attention has no alignments", async () => {
    expect((await place.decade("train", place.path("toy.json"), "--name", "plain", "--set", "model.attention=none", "--set", "training.steps=1")).code).toBe(0);
    expectFailure(await place.decade("translate", place.run("plain"), place.path("toy.en"), "--alignments"), "has no attention");
  });

  it("of another vocabulary joins no ensemble", async () => {
    await place.decade("train", place.path("toy.json"), "--name", "cased", "--set", "tokenizer.lowercase=true", "--set", "training.steps=1");
    expectFailure(await place.decade("translate", place.run("toy"), place.path("toy.en"), "--ensemble", place.run("cased")), "vocabulary");
  });
});

describe("a learning rate that diverges", () => {
  it.each([
    // So large that the first update breaks the weights: the checkpoint that is due after it must not be written.
    ["1e39", "Training diverged: at step 4 the update left", "The checkpoint of step 3 is kept"],
    // The update is finite, and the next loss is not.
    ["1e38", "Training diverged: at step 5 the loss is", "The checkpoint of step 4 is kept"],
  ])("of %s stops training, names the step, and keeps the last good checkpoint", async (rate, ...messages) => {
    const flags = ["--name", `wild-${rate}`, "--set", "training.checkpointEvery.steps=1", "--set", "training.clipNorm=null"];
    const wild = (steps: number, learningRate: string, ...more: string[]): Promise<Outcome> => place.decade(
      "train", place.path("toy.json"), ...flags, "--set", `training.steps=${steps}`,
      "--set", `training.optimizer={"kind":"sgd","learningRate":${learningRate}}`, ...more);
    expect((await wild(3, "0.1")).code).toBe(0);
    expectFailure(await wild(30, rate, "--resume"), ...messages, "lower training.optimizer.learningRate");
    expect(await readdir(join(place.run(`wild-${rate}`), "checkpoints"))).toContain("step-3");
    const { out } = await place.decade("evaluate", place.run(`wild-${rate}`), "--checkpoint", "3", "--json");
    expect((lastLine(out) as { perplexity: number }).perplexity).toBeGreaterThan(1);
  });
});

describe("usage", () => {
  it.each([
    [["train", "x.json", "--resme"], "(Did you mean --resume?)"],
    [["trian", "x.json"], "(Did you mean train?)"],
    [["train"], "missing required argument 'config'"],
    [["train", "x.json", "--resume", "--overwrite"], "cannot be given together"],
    [["evaluate", "x", "--beam", "0"], "Expected a whole number of at least 1"],
    [["evaluate", "x", "--tokenize", "14a"], "Allowed choices are 13a"],
    [["evaluate", "x", "--states", "some.en"], "add --figures FOLDER"],
    [["translate", "x", "--sample", "--seed", "99999999999999999999"], "Expected a whole number below 9007199254740992."],
    [["translate", "x", "--top-k", "3"], "add --sample"],
    [["translate", "x", "--sample", "--length-penalty", "1"], "leave --length-penalty out"],
    [["translate", "x", "--beam", "2", "--n-best", "3"], "needs a beam of at least 3"],
    [["rescore", "x"], "required option '--source <file>'"],
    [[], "Usage: decade"],
  ])("%j exits with 2", async (args, message) => {
    const { code, err } = await place.decade(...args);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });

  it("prints help and exits with 0", async () => {
    const { code, out } = await place.decade("train", "--help");
    expect(out).toContain("--resume");
    expect(code).toBe(0);
  });
});
