/** What the commands print, with a model that was trained for a second. */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bleu } from "../metrics/bleu.ts";
import { chrf } from "../metrics/chrf.ts";
import { MetricsLog } from "../train/run/metrics-log.ts";
import { lastLine, toyPairs, Workplace } from "./fixtures/command-line.ts";
import { main } from "./program.ts";

let place: Workplace;
let run: string;
let trained: { code: number | null; out: string; err: string };
beforeAll(async () => {
  place = await Workplace.create();
  run = place.run("toy");
  trained = await place.decade("train", place.path("toy.json"), "--json");
});
afterAll(() => place.remove());

const aNumber: unknown = expect.any(Number);

describe("train", () => {
  it("says where the run is and how it went, and shows validations on standard error", () => {
    expect(trained.code).toBe(0);
    expect(lastLine(trained.out)).toEqual({
      directory: run, reason: "finished", step: 40, best: { step: aNumber, loss: aNumber }, whole: { step: 40, loss: aNumber }, tokensPerSecond: aNumber,
    });
    expect(trained.out.trim().split("\n")).toHaveLength(1);
    expect(trained.err).toMatch(/step 20: validation loss \d/);
  });

  it("logs a speed for each step, whether or not a validation or a checkpoint came in between", async () => {
    const speeds = (await MetricsLog.read(`${run}/metrics.jsonl`)).flatMap(({ tokensPerSecond }) => tokensPerSecond ?? []);
    expect(speeds).toHaveLength(40);
    for (const speed of speeds) expect(speed).toBeGreaterThan(0);
  });

  it("takes a name, overrides and threads", async () => {
    const { out } = await place.decade("train", place.path("toy.json"), "--name", "other", "--set", "training.steps=2", "--threads", "1", "--json");
    expect(lastLine(out)).toMatchObject({ directory: place.run("other"), step: 2 });
  });

  it("replaces a run with --overwrite only", async () => {
    const again = ["train", place.path("toy.json"), "--name", "again", "--set", "training.steps=1"];
    expect((await place.decade(...again)).code).toBe(0);
    const refused = await place.decade(...again);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("already holds a run; continue it with --resume");
    expect((await place.decade(...again, "--overwrite")).out).toContain("Finished at step 1");
  });
});

describe("translate", () => {
  it("shows on a terminal how far it is, and takes the line back before it prints", async () => {
    await place.write("three.en", toyPairs(3).map(({ source }) => `${source}\n`).join(""));
    const written: string[] = [];
    const io = { out: (part: string) => written.push(part), err: (part: string) => written.push(part), interactive: true };
    expect(await main(["translate", run, place.path("three.en"), "--beam", "50"], io)).toBe(0);
    const [first, ...rest] = written.join("").split("\r\u001B[K").slice(1);
    expect(first).toBe("0 of 3 sentences, ? left");
    expect(rest.at(-1)?.split("\n")).toHaveLength(4);
    expect(rest.at(-1)).not.toContain("sentences");
  });

  it("writes a line for each line, empty ones too", async () => {
    await place.write("three.en", "the cat\n\nred apple\n");
    const { out, code } = await place.decade("translate", run, place.path("three.en"));
    expect(code).toBe(0);
    expect(out.split("\n")).toHaveLength(4);
    expect(out.split("\n")[1]).toBe("");
  });

  it("gives n-best lists with scores in falling order", async () => {
    await place.write("one.en", "the cat\n");
    const { out } = await place.decade("translate", run, place.path("one.en"), "--n-best", "3", "--json");
    const { translations } = lastLine(out) as { translations: { source: string; nBest: { text: string; score: number }[] }[] };
    const scores = translations[0]?.nBest.map(({ score }) => score) ?? [];
    expect(scores).toHaveLength(3);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  });

  it("adds alignments: for each token its source token", async () => {
    await place.write("one.en", "the cat\n");
    const { out } = await place.decade("translate", run, place.path("one.en"), "--alignments", "--json");
    const { translations } = lastLine(out) as { translations: { tokens: string[]; alignment: number[][] }[] };
    const [first] = translations;
    expect(first?.alignment).toHaveLength(first?.tokens.length ?? -1);
    for (const row of first?.alignment ?? []) expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
  });

  it("draws the same samples from the same seed, and others from another", async () => {
    await place.write("many.en", "the big red cat eats an apple\n".repeat(20));
    const draw = async (seed: string): Promise<string> => (
      await place.decade("translate", run, place.path("many.en"), "--sample", "--temperature", "2", "--seed", seed)).out;
    const first = await draw("1");
    expect(await draw("1")).toBe(first);
    expect(await draw("2")).not.toBe(first);
    expect(new Set(first.trim().split("\n")).size).toBeGreaterThan(1);
  });

  it("takes an ensemble: of one run twice, the run's own translations", async () => {
    const alone = await place.decade("translate", run, place.path("toy.en"));
    const twice = await place.decade("translate", run, place.path("toy.en"), "--ensemble", run);
    expect(twice.out).toBe(alone.out);
  });
});

describe("evaluate", () => {
  it("measures text with the fixed names, as score-text measures the same translations", async () => {
    const files = ["--source", place.path("toy.en"), "--reference", place.path("toy.fr")];
    const { out } = await place.decade("evaluate", run, ...files, "--lowercase", "--json");
    expect(lastLine(out)).toMatchObject({
      bleu: aNumber, signature: expect.stringContaining("case:lc") as unknown, chrf: aNumber, perplexity: aNumber,
      sentences: 200, sentencesPerSecond: aNumber,
    });
    await place.write("hypotheses.fr", (await place.decade("translate", run, place.path("toy.en"))).out);
    const scored = await place.decade("score-text", "--hypothesis", place.path("hypotheses.fr"), "--reference", place.path("toy.fr"), "--lowercase", "--json");
    const { bleu: score, chrf: characters } = lastLine(scored.out) as { bleu: number; chrf: number };
    expect(lastLine(out)).toMatchObject({ bleu: score, chrf: characters });
  });

  it("gives the perplexity that score gives", async () => {
    const evaluated = await place.decade("evaluate", run, "--data", place.path("toy.tsv"), "--json");
    const scored = await place.decade("score", run, "--source", place.path("toy.en"), "--target", place.path("toy.fr"), "--json");
    const { perplexity } = lastLine(scored.out) as { perplexity: number };
    expect((lastLine(evaluated.out) as { perplexity: number }).perplexity).toBeCloseTo(perplexity, 6);
    expect(lastLine(scored.out)).toMatchObject({ pairs: 200, tokens: aNumber, logProbability: aNumber });
  });

  it("chooses the answer that score finds the likelier target", async () => {
    const questions = toyPairs(12).map(({ source, target }, at) => ({ question: source, choices: [target, toyPairs(13 + at).at(-1)?.target ?? ""], answer: at % 2 }));
    const file = await place.write("questions.jsonl", questions.map((question) => `${JSON.stringify(question)}\n`).join(""));
    await place.write("asked.en", questions.flatMap(({ question }) => [`${question}\n`, `${question}\n`]).join(""));
    await place.write("chosen.fr", questions.flatMap(({ choices }) => choices.map((choice) => `${choice}\n`)).join(""));
    const scored = await place.decade("score", run, "--source", place.path("asked.en"), "--target", place.path("chosen.fr"), "--json");
    const { scores } = lastLine(scored.out) as { scores: { logProbability: number }[] };
    const likelier = questions.map((_, at) => ((scores[2 * at]?.logProbability ?? 0) >= (scores[2 * at + 1]?.logProbability ?? 0) ? 0 : 1));
    const { out, code, err } = await place.decade("evaluate", run, "--choices", file, "--batch", "5", "--mutual-information", "--json");
    expect(code, err).toBe(0);
    expect(lastLine(out)).toMatchObject({
      questions: 12, chance: 0.5, acc: questions.filter(({ answer }, at) => answer === likelier[at]).length / 12, acc_norm: aNumber,
      acc_mutual_info: aNumber, intervals: { acc: { lower: aNumber, upper: aNumber } },
    });
  });

  it("takes the run's own test split, and draws the paper's figures", async () => {
    const { out, code, err } = await place.decade("evaluate", run, "--figures", place.path("figures"), "--json");
    expect(code, err).toBe(0);
    expect((lastLine(out) as { sentences: number }).sentences).toBeGreaterThanOrEqual(20);
    for (const file of ["states.svg", "bleu-by-length.svg", "bleu-by-rank.svg"]) {
      expect(await readFile(place.path(`figures/${file}`), "utf8")).toContain("<svg");
    }
  });

  it("counts the nearest of several references of one source, for symbols", async () => {
    const config = await place.write("symbols.json", JSON.stringify({
      ...place.toyConfig(), name: "symbols", tokenizer: { source: { kind: "word" }, target: { kind: "symbol" } },
    }));
    expect((await place.decade("train", config)).code).toBe(0);
    const words = ["the cat", "red apple"];
    await place.write("words.en", words.map((word) => `${word}\n`).join(""));
    const [first = "", second = ""] = (await place.decade("translate", place.run("symbols"), place.path("words.en"))).out.split("\n");
    // One word with its output among the references; one whose only reference has a symbol more.
    await place.write("words.tsv", `the cat\tnot this one\nthe cat\t${first}\nred apple\t${second} eau\n`);
    const { out } = await place.decade("evaluate", place.run("symbols"), "--data", place.path("words.tsv"), "--json");
    const symbols = `${first} ${second} eau`.split(" ").filter((symbol) => symbol !== "").length;
    expect(lastLine(out)).toMatchObject({ wer: 50, words: 2, per: 100 / symbols });
  });
});

describe("figures", () => {
  it("leave the map out where one sentence has none, and keep what was measured", async () => {
    const [pair] = toyPairs(1);
    const [source, reference] = [await place.write("one.src", `${pair?.source ?? ""}\n`), await place.write("one.ref", `${pair?.target ?? ""}\n`)];
    const { code, out, err } = await place.decade("evaluate", run, "--source", source, "--reference", reference, "--figures", place.path("figures"), "--json");
    expect([code, lastLine(out)]).toMatchObject([0, { sentences: 1 }]);
    expect(err).toContain("There is no map of states: The states form a matrix [1, 16]");
    expect(err).toContain("bleu-by-length.svg");
  });

  it("are refused before anything is measured where they cannot be written", async () => {
    const { code, err } = await place.decade("evaluate", run, "--figures", place.path("toy.en"));
    expect([code, err]).toEqual([1, expect.stringContaining(`cannot be written in ${place.path("toy.en")} (EEXIST`)]);
  });
});

describe("score-text", () => {
  it("takes several references", async () => {
    const hypotheses = ["the cat sat on the mat", "a dog"];
    await place.write("h.txt", `${hypotheses.join("\n")}\n`);
    await place.write("r1.txt", "the cat is on the mat\nthe dog\n");
    await place.write("r2.txt", "a cat sat on a mat\na dog\n");
    const { out } = await place.decade(
      "score-text", "--hypothesis", place.path("h.txt"), "--reference", place.path("r1.txt"), "--reference", place.path("r2.txt"), "--json");
    const references = [["the cat is on the mat", "a cat sat on a mat"], ["the dog", "a dog"]];
    expect(lastLine(out)).toMatchObject({
      bleu: bleu(hypotheses, references).score, chrf: chrf(hypotheses, references).score, sentences: 2,
    });
  });
});

describe("rescore", () => {
  it("orders a list by the weighted sum", async () => {
    const [pair] = toyPairs(1);
    await place.write("r.en", `${pair?.source ?? ""}\n`);
    await place.write("list.txt", `0 ||| eau eau eau eau eau ||| f= 1 ||| -1\n0 ||| ${pair?.target ?? ""} ||| f= 2 ||| -2\n`);
    const rescore = async (...weights: string[]): Promise<unknown> => lastLine(
      (await place.decade("rescore", run, "--source", place.path("r.en"), "--n-best", place.path("list.txt"), ...weights, "--json")).out);
    const { entries } = await rescore() as { entries: { score: number; listScore: number; logProbability: number }[] };
    for (const { score, listScore, logProbability } of entries) expect(score).toBeCloseTo((listScore + logProbability) / 2, 9);
    expect(await rescore("--model-weight", "0")).toMatchObject({ entries: [{ features: "f= 1" }, { features: "f= 2" }] });
    expect(await rescore("--list-weight", "0")).toMatchObject({ entries: [{ features: "f= 2" }, { features: "f= 1" }] });
  });

  it("refuses a list for sentences that are not there", async () => {
    await place.write("list.txt", "5 ||| eau ||| f= 1 ||| -1\n");
    const { code, err } = await place.decade("rescore", run, "--source", place.path("r.en"), "--n-best", place.path("list.txt"));
    expect(code).toBe(1);
    expect(err).toContain("is for sentence 5, but there are 1 sources");
  });
});

describe("average", () => {
  it("writes a checkpoint that --checkpoint takes and that pruning leaves alone", async () => {
    const { out } = await place.decade("average", run, "--last", "2", "--json");
    expect(lastLine(out)).toEqual({ name: "average-2", path: `${run}/checkpoints/average-2`, steps: [30, 40] });
    expect(existsSync(`${run}/checkpoints/average-2/model.safetensors`)).toBe(true);
    const { code } = await place.decade("evaluate", run, "--checkpoint", "average-2", "--json");
    expect(code).toBe(0);
  });

  it("of one checkpoint is that checkpoint", async () => {
    await place.decade("average", run, "--last", "1");
    const [average, latest] = await Promise.all(["average-1", "step-40"].map((name) => readFile(`${run}/checkpoints/${name}/model.safetensors`)));
    expect(average?.equals(latest ?? Buffer.of())).toBe(true);
  });

  it("of none says why", async () => {
    const folder = place.path("phrases");
    await mkdir(folder);
    await writeFile(`${folder}/config.json`, JSON.stringify({ model: { kind: "phrase-based" } }));
    expect((await place.decade("average", folder)).err).toContain("is a phrase-based translator, which has no checkpoints to average.");
    await place.write("phrases/config.json", await readFile(`${run}/config.json`));
    expect((await place.decade("average", folder)).err).toContain("has no checkpoints to average yet");
  });

  it("of more than there are fails", async () => {
    expect((await place.decade("average", run, "--last", "9")).err).toContain("An average of 9 checkpoints was asked for");
  });
});

describe("runs", () => {
  it("lists what a folder holds", async () => {
    const { out } = await place.decade("runs", place.path("runs"), "--json");
    const { runs } = lastLine(out) as { runs: { name: string }[] };
    expect(runs.find(({ name }) => name === "toy")).toMatchObject({ path: run, step: 40, checkpoint: 40, loss: aNumber, validationLoss: aNumber });
    expect((await place.decade("runs", place.path("runs"))).out).toMatch(/^name +step/);
  });

  it("fails where there is no such folder", async () => {
    const { code, out, err } = await place.decade("runs", place.path("absent"));
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(`There is no folder ${place.path("absent")}`);
  });

  it("fails where it is a run itself", async () => {
    const { code, err } = await place.decade("runs", run);
    expect([code, err]).toEqual([1, `decade: ${run} is a run itself; give the folder that it is in, ${place.path("runs")}.\n`]);
  });

  it("names what is wrong with a run, and lists the others", async () => {
    await place.decade("train", place.path("toy.json"), "--name", "broken", "--set", "training.steps=1");
    await writeFile(`${place.run("broken")}/metrics.jsonl`, "broken\n{\"step\":1}\n");
    expect((await place.decade("runs", place.path("runs"))).out).toMatch(/^broken .*line 1 is not a JSON object/m);
  });
});
