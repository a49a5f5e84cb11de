/** `decade audit` on the command line: what is printed, and what is refused. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lastLine, toyPairs, Workplace } from "./fixtures/command-line.ts";

let place: Workplace;
let held: { source: string; target: string }[];
beforeAll(async () => {
  place = await Workplace.create();
  const train = Array.from({ length: 40 }, (_, line) => Array.from({ length: 120 }, (__, at) => `w${line}x${at}`).join(" "));
  await place.write("train.txt", train.map((line) => `${line}\n`).join(""));
  // The middle of one training line, and a line of its own.
  await place.write("test.txt", `${train[7]?.split(" ").slice(60, 75).join(" ")}\n${"unheard ".repeat(15)}\n`);
  await place.write("scores.txt", "1\n0\n");
  const seen = toyPairs(12);
  await place.write("seen.tsv", seen.map(({ source, target }) => `${source}\t${target}\n`).join(""));
  // Each held-out sentence ends with a word that no training sentence has.
  held = toyPairs(220).slice(200).map(({ source, target }) => ({ source: `${source} zebra`, target: `${target} zèbre` }));
  await place.write("held.en", held.map(({ source }) => `${source}\n`).join(""));
  await place.write("held.fr", held.map(({ target }) => `${target}\n`).join(""));
  const data = { kind: "parallel", source: "toy.en", target: "toy.fr", validation: { count: 10 }, test: { kind: "parallel", source: "held.en", target: "held.fr" } };
  await place.write("toy.json", JSON.stringify({ ...place.toyConfig(), data }));
  await place.decade("train", place.path("toy.json"));
}, 60_000);
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

describe("audit canaries", () => {
  it("puts lines in, and says where a vocabulary of the text's characters would lack digits", async () => {
    await place.write("plain.txt", "some words without numbers\n".repeat(100));
    const some = await place.decade("audit", "canaries", "--text", place.path("plain.txt"), "--output", place.path("canaries.txt"), "--repeat", "0,2", "--json");
    expect(some.err).toMatch(/The text with canaries has no (\d, ){5,}\d, so that a vocabulary of its characters could not write every secret/);
    const { canaries: [never, twice] } = lastLine(some.out) as { canaries: { before: string; secret: string; after: string }[] };
    const text = await readFile(place.path("canaries.txt"), "utf8");
    const times = (canary: typeof never): number => text.split(`${canary?.before}${canary?.secret}${canary?.after}\n`).length - 1;
    expect([times(never), times(twice)]).toEqual([0, 2]);
    expect((await place.decade("audit", "canaries", "--text", place.path("train.txt"), "--output", place.path("canaries.txt"), "--repeat", "1")).err).toBe("");
  });

  it.each([
    [["--text", "none.txt"], /none.txt does not exist/],
    [["--text", "bytes.txt"], /bytes.txt is not UTF-8/],
    [["--text", "train.txt", "--repeat", "99999999999"], /more than fit into the first 90%/],
  ])("refuses in a sentence, %#", async (args, message) => {
    await place.write("bytes.txt", Uint8Array.of(0x41, 0xff, 0x0a));
    const { err, code } = await place.decade("audit", "canaries", "--output", place.path("out.txt"), ...args.map((arg) => (arg.endsWith(".txt") ? place.path(arg) : arg)));
    expect(code).toBe(1);
    expect(err).toMatch(message);
  });
});

interface Share {
  readonly correct: number;
  readonly total: number;
}

interface Column {
  readonly name: string;
  readonly inDistribution: Share;
  readonly outOfDistribution: Share;
}

describe("audit generalization", () => {
  it("prints a column for each way of answering, with the shares that a count of words in the translations gives", async () => {
    const named = `small=${place.run("toy")}`;
    const { out, err, code } = await place.decade("audit", "generalization", "rare-words", named, "--strategies", "greedy", "beam", "--svg", place.path("rare.svg"), "--html", place.path("rare.html"), "--by-examples", "--json");
    expect(code, err).toBe(0);
    const { task, columns, skills } = lastLine(out) as { task: string; columns: Column[]; skills: { family: string; reason: string }[] };
    expect([task, ...columns.map(({ name }) => name)]).toEqual(["rare-words", "small", "small, beam"]);
    const different = new Map(held.map(({ source, target }) => [source, target]));
    await place.write("different.en", [...different.keys()].map((source) => `${source}\n`).join(""));
    for (const [column, beam] of [[columns[0], "1"], [columns[1], "5"]] as const) {
      const lines = (await place.decade("translate", place.run("toy"), place.path("different.en"), "--beam", beam)).out.split("\n");
      const counted = { seen: { correct: 0, total: 0 }, unseen: { correct: 0, total: 0 } };
      [...different.values()].forEach((reference, at) => {
        const left = (lines[at] ?? "").split(" ");
        for (const word of reference.split(" ")) {
          const part = word === "zèbre" ? counted.unseen : counted.seen;
          part.total++;
          if (!left.includes(word)) continue;
          part.correct++;
          left.splice(left.indexOf(word), 1);
        }
      });
      expect(column).toMatchObject({ inDistribution: counted.seen, outOfDistribution: counted.unseen });
      expect(counted.seen.correct).toBeGreaterThan(0);
    }
    expect(skills.map(({ family, reason }) => [family, reason])).toContainEqual(["small", "accuracy was measured at 1 number of examples; a fit needs 3"]);
    expect(await readFile(place.path("rare.svg"), "utf8")).toContain("small, beam");
    expect(await readFile(place.path("rare.html"), "utf8")).toMatch(/<h1>Generalisation: rare-words<\/h1>[\s\S]*With 95% intervals[\s\S]*How much data a skill needs/);
  }, 60_000);

  it("prints a table of what is near and what is far, the finer parts of a group only where it has several", async () => {
    const { out } = await place.decade("audit", "generalization", "rare-words", place.run("toy"), "--problems", "8");
    expect(out).toMatch(/^ +asked +toy\nin-distribution +\d+ +\d+\.\d \(\d+\.\d to \d+\.\d\)\nout-of-distribution +8 /m);
    expect(out).toMatch(/^in: words seen .*\nout: words never seen /m); // all stand in training 10 to 99 times
    expect(out).toMatch(/^toy: trained on its own pairs, \d+ examples; \d+\.\d tokens written for a problem\.$/m);
  }, 60_000);

  it("fits what a table has measured", async () => {
    // Of n examples, n in n + 1000 are right: half after 1000, the slope of the logit 1.
    await place.write("measured.csv", "family,examples,correct,total\nexact,100,1000,11000\nexact,1000,50000,100000\nexact,9000,90000,100000\nfew,100,1,10\nfew,1000,5,10\nfew,9000,9,10\n");
    const { out, code } = await place.decade("audit", "generalization", "anything", "--table", place.path("measured.csv"), "--html", place.path("skill.html"), "--json");
    expect(code).toBe(0);
    const { columns, skills: [exact, few] } = lastLine(out) as { columns: unknown[]; skills: { fit: { slope: number; half: { examples: number; lower: number; upper: number } | null } }[] };
    expect(columns).toEqual([]);
    expect(exact?.fit.slope).toBeCloseTo(1, 6);
    expect(exact?.fit.half?.examples).toBeCloseTo(1000, 3);
    expect(few?.fit.half).toBeNull();
    expect(await readFile(place.path("skill.html"), "utf8")).toContain("is not told for few: of 3 models, the slope is not surely above 0.");
  });

  it.each([
    [["rare-words"], 2, /No run was given; name at least one, or a table by --table/],
    [["rare-word", "toy"], 1, /did you mean "rare-words"/],
    [["rare-words", "nowhere"], 1, /There is no folder nowhere; give a trained run/],
    [["rare-words", "nowhere", "--html", "/dev/null/page.html"], 1, /^decade: \/dev\/null\/page.html cannot be written in \/dev\/null \(.*\); name a file elsewhere\.$/m],
    [["scan:folder=none", "toy"], 1, /none has neither tasks_test_simple.txt/],
    [["rare-words", "toy", "--table", "measured.csv"], 2, /--table is in place of runs/],
    [["rare-words", "--table", "empty.csv"], 1, /empty.csv" is empty/],
    [["rare-words", "toy", "--strategies", "step-beam"], 1, /writes the whole answer, so that step-beam, which goes on from a part of one, is not for it; choose greedy, beam, majority-vote or best-of-n/],
    [["rare-words", "toy", "--strategies", "guess"], 2, /Allowed choices are/],
  ])("refuses in a sentence, %#", async ([task = "", ...args], code, message) => {
    await place.write("empty.csv", "");
    const outcome = await place.decade("audit", "generalization", task, ...args.map((arg) => (arg === "toy" ? place.run("toy") : arg.endsWith(".csv") ? place.path(arg) : arg)));
    expect(outcome.code).toBe(code);
    expect(outcome.err).toMatch(message);
    expect(outcome.err).not.toMatch(/^ +at /m);
  });
});

describe("audit report", () => {
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
    [["--output", "/dev/null/page.html"], 1, /page.html cannot be written in \/dev\/null/],
    [["--canaries", "record.json"], 1, /reads one sequence and writes another, so that --canaries can say nothing of it/],
    [["--unit", "word"], 2, /Allowed choices are line, paragraph/],
  ])("refuses in a sentence, %#", async (args, code, message) => {
    const outcome = await place.decade("audit", "report", place.run("toy"), ...args);
    expect(outcome.code).toBe(code);
    expect(outcome.err).toMatch(message);
  });
});
