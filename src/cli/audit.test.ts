/** `decade audit` on the command line: what is printed, and what is refused. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lastLine, toyPairs, Workplace } from "./fixtures/command-line.ts";

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
  const train = Array.from({ length: 40 }, (_, line) => Array.from({ length: 120 }, (__, at) => `w${line}x${at}`).join(" "));
  await place.write("train.txt", train.map((line) => `${line}\n`).join(""));
  // The middle of one training line, and a line of its own.
  await place.write("test.txt", `${train[7]?.split(" ").slice(60, 75).join(" ")}\n${"unheard ".repeat(15)}\n`);
  await place.write("scores.txt", "1\n0\n");
});
afterAll(() => place.remove());

describe("audit contamination", () => {
  it("sets scores of both parts side by side, and writes the training text without the overlap", async () => {
    const { out, code } = await place.decade("audit", "contamination", "--train", place.path("train.txt"), "--test", place.path("test.txt"),
      "--scores", place.path("scores.txt"), "--remove", place.path("clean.txt"));
    expect(code).toBe(0);
    expect(out).toMatch(/^clean +1 +0\.0000/m);
    expect(out).toMatch(/^contaminated +1 +1\.0000/m);
    expect(out).toMatch(/^overlapping +1 {2}cut into pieces$/m);
    expect((await readFile(place.path("clean.txt"), "utf8")).split("\n").filter((line) => line.startsWith("w7x"))).toEqual([]);
    expect((await readFile(place.path("clean.txt"), "utf8")).trimEnd().split("\n")).toHaveLength(39);
  });

  it("prints what was removed as figures", async () => {
    const { out } = await place.decade("audit", "contamination", "--train", place.path("train.txt"), "--test", place.path("test.txt"), "--remove", place.path("clean.jsonl"), "--json");
    expect(lastLine(out)).toMatchObject({ examples: 2, overlapping: 1, removal: { documents: 40, overlapping: 1, dropped: 0, emptied: 1, pieces: 0, shortPieces: 2 } });
  });
});

describe("audit report", () => {
  beforeAll(async () => {
    const pairs = toyPairs(12);
    await place.write("seen.tsv", pairs.map(({ source, target }) => `${source}\t${target}\n`).join(""));
    await place.decade("train", place.path("toy.json"));
  }, 60_000);

  it("writes a page into the run's folder, and prints its figures", async () => {
    const { out, code, err } = await place.decade("audit", "report", place.run("toy"), "--samples", "10", "--examples", "2", "--json");
    expect(code, err).toBe(0);
    const report = lastLine(out) as { output: string; examples: unknown[]; contamination: { test: string } };
    expect(report.contamination.test).toBe("the run's test pairs");
    expect(report.examples).toHaveLength(2);
    expect(await readFile(report.output, "utf8")).toContain("<h1>Audit of toy</h1>");
  }, 60_000);

  it("takes pairs of one's own", async () => {
    const { out } = await place.decade("audit", "report", place.run("toy"), "--test", place.path("seen.tsv"), "--samples", "6", "--output", place.path("seen.html"));
    expect(out).toMatch(new RegExp(`of 12 {2}examples of ${place.path("seen.tsv")} stand in the training data`));
    expect(out).toContain(`The page is in ${place.path("seen.html")}.`);
  }, 60_000);

  it.each([
    [["--output", "none/page.html"], 1, /none, the folder of none\/page.html, does not exist; make it first/],
    [["--canaries", "record.json"], 1, /reads one sequence and writes another, so that --canaries can say nothing of it/],
    [["--unit", "word"], 2, /Allowed choices are line, paragraph/],
  ])("refuses in a sentence, %#", async (args, code, message) => {
    const outcome = await place.decade("audit", "report", place.run("toy"), ...args);
    expect(outcome.code).toBe(code);
    expect(outcome.err).toMatch(message);
  });
});
