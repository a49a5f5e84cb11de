/** The commands on a phrase-based translator, and its n-best list under a network's scores. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lastLine, Workplace, type Outcome } from "./fixtures/command-line.ts";

let place: Workplace;
let run: string;
let trained: Outcome;
beforeAll(async () => {
  place = await Workplace.create();
  run = place.run("phrases");
  await place.write("phrases.json", JSON.stringify({
    name: "phrases", directory: place.path("runs"),
    data: { kind: "parallel", source: "toy.en", target: "toy.fr", validation: { count: 20 }, test: { count: 20 } },
    model: { kind: "phrase-based", languageModelOrder: 3 },
    training: { tuning: { iterations: 2, restarts: 1, nBest: 10 } },
  }));
  trained = await place.decade("train", place.path("phrases.json"), "--json");
}, 120_000);
afterAll(() => place.remove());

describe("a phrase-based translator on the command line", () => {
  it("is trained with its progress told", async () => {
    expect(trained.err).toMatch(/aligning target-source, hmm iteration 5: perplexity \d/);
    expect(trained.err).toMatch(/tuning, iteration 1: BLEU \d/);
    expect(lastLine(trained.out)).toEqual({ directory: run, reason: "finished", phrasePairs: expect.any(Number) as unknown, validationBleu: expect.any(Number) as unknown });
    expect((await place.decade("train", place.path("phrases.json"))).err).toContain("already holds a run");
  });

  it("translates word by word what is a dictionary's work, and leaves empty lines empty", async () => {
    await place.write("two.en", "red cat drinks water\n\n");
    expect((await place.decade("translate", run, place.path("two.en"))).out).toBe("rouge chat boit eau\n\n");
  });

  it("is evaluated with the fields of any run but perplexity", async () => {
    const { out, code } = await place.decade("evaluate", run, "--source", place.path("toy.en"), "--reference", place.path("toy.fr"), "--lowercase", "--json");
    expect(code).toBe(0);
    const quality = lastLine(out) as Record<string, unknown>;
    expect(Object.keys(quality).sort()).toEqual(["bleu", "bleuInterval", "chrf", "chrfSignature", "sentences", "sentencesPerSecond", "signature"]);
    expect(quality.bleu).toBeGreaterThan(95);
  });

  it("shows the phrases of a sentence and what the table holds", async () => {
    await place.write("one.en", "red zebra\n");
    const { out } = await place.decade("translate", run, place.path("one.en"), "--phrases");
    expect(out).toMatch(/zebra +zebra +not in the table, copied/);
    expect(out).toContain("held by the table: 1 of 2 single words");
  });

  it("has its n-best list ordered anew by a network", async () => {
    await place.decade("train", place.path("toy.json"));
    await place.write("one.en", "the red cat drinks water\n");
    const list = await place.decade("translate", run, place.path("one.en"), "--n-best", "30");
    expect(list.out.split("\n")[0]).toMatch(/^0 \|\|\| le rouge chat boit eau \|\|\| inversePhrase= .* nextDiscontinuous= \S+ \|\|\| -?\d/);
    await place.write("list.txt", list.out);
    const rescored = await place.decade("rescore", place.run("toy"), "--source", place.path("one.en"), "--n-best", place.path("list.txt"), "--json");
    expect(rescored.code).toBe(0);
    const { entries } = lastLine(rescored.out) as { entries: { score: number; listScore: number; logProbability: number }[] };
    expect(entries).toHaveLength(list.out.trimEnd().split("\n").length);
    for (const { score, listScore, logProbability } of entries) expect(score).toBeCloseTo((listScore + logProbability) / 2, 9);
  });

  it("is listed with its BLEU on the validation pairs, and dashes for what it has not", async () => {
    const bleu = (lastLine(trained.out) as { validationBleu: number }).validationBleu.toFixed(2);
    expect((await place.decade("runs", place.path("runs"))).out).toMatch(new RegExp(`^phrases +\\d+ +- +- +${bleu} BLEU +- +-$`, "m"));
  });

  it("is inspected: phrases, n-grams and weights", async () => {
    expect((await place.decade("inspect", run)).out).toMatch(/phrase pairs of \d+ source and \d+ target words\nlanguage model: \d+ 1-grams/);
  });

  it.each([
    [["score", "--source", "toy.en", "--target", "toy.fr"], 1, /is a phrase-based translator, which has no network and gives no log-probabilities/],
    [["translate", "toy.en", "--sample"], 2, /has no use for --sample; leave it out/],
    [["translate", "toy.en", "--phrases", "--n-best", "3"], 2, /--phrases shows the best translation; leave --n-best out/],
  ])("refuses in a sentence, %#", async ([command = "", ...args], code, message) => {
    const outcome = await place.decade(command, run, ...args.map((arg) => (arg.startsWith("toy.") ? place.path(arg) : arg)));
    expect(outcome.code).toBe(code);
    expect(outcome.err).toMatch(message);
  });
});
