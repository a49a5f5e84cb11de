/** `decade scale design` and `decade scale run`, on tiny networks in processes of their own. */
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hash32 } from "../data/shuffle.ts";
import { lastLine, Workplace } from "./fixtures/command-line.ts";

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
  await place.write("text.txt", Array.from({ length: 4000 }, (_, at) => "abcdefg "[hash32(1, at) % 8]).join(""));
});
afterAll(() => place.remove());

type Trainings = readonly { readonly name: string; readonly set: Readonly<Record<string, unknown>> }[];

/** Writes a sweep of tiny GPTs, and gives its file. */
function writeSweep(name: string, design: object): Promise<string> {
  return place.write(`${name}.json`, JSON.stringify({
    name, directory: place.path("runs"), design, shape: { multiple: 8 },
    base: {
      data: { kind: "text", files: ["text.txt"], validation: 0.1 }, tokenizer: { kind: "character" }, model: { kind: "gpt", context: 16, layers: 1, dimension: 16, heads: 2 },
      training: { batch: { sequences: 2 }, optimizer: { kind: "adamw", learningRate: 0.01 }, checkpointEvery: { steps: 50 }, mfu: false },
    },
  }));
}

const listed = (trainings: Trainings): object => ({ kind: "list", trainings });

/** Rows of the table, by column. */
async function readRows(name: string): Promise<Record<string, string>[]> {
  const [head = "", ...lines] = (await readFile(join(place.run(name), "sweep.csv"), "utf8")).trimEnd().split("\n");
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, at) => [head.split(",")[at] ?? "", cell])));
}

/** When each training's metrics were last written: none is written where nothing is trained. */
async function written(name: string): Promise<Record<string, number>> {
  const names = (await readdir(place.run(name), { withFileTypes: true })).filter((each) => each.isDirectory()).map((each) => each.name);
  return Object.fromEntries(await Promise.all(names.map(async (each) => [each, (await stat(join(place.run(name), each, "metrics.jsonl"))).mtimeMs] as const)));
}

describe("a sweep from its design to its table", () => {
  it("is proposed, run, and not run again; what is added to it is all that trains", async () => {
    const file = await writeSweep("grid", { kind: "grid", parameters: [1e3, 4e3], tokens: [640, 1280] });
    const designed = await place.decade("scale", "design", file, "--jobs", "2", "--json", "--output", place.path("listed.json"), "--svg", place.path("design.svg"), "--html", place.path("design.html"));
    expect(designed.err).toBe("");
    const { trainings, flops, seconds } = lastLine(designed.out) as { trainings: { name: string; flops: number; sixND: number }[]; flops: number; seconds: number };
    expect(trainings.map(({ name }) => name)).toEqual(["n792-d640", "n792-d1.28k", "n3.12k-d640", "n3.12k-d1.28k"].map((name) => expect.stringMatching(new RegExp(`^n[\\d.]+k?-${name.split("-")[1] ?? ""}$`)) as string));
    expect(flops).toBe(trainings.reduce((sum, each) => sum + each.flops, 0));
    expect(seconds).toBeGreaterThan(0);
    expect(await readFile(place.path("design.svg"), "utf8")).toContain("model size N (parameters)");
    expect(await readFile(place.path("design.html"), "utf8")).toContain("What the trainings cost");

    const first = await place.start("scale", "run", file, "--jobs", "2", "--json", "--svg", place.path("run.svg"), "--html", place.path("run.html")).ended;
    expect(first.code, first.err).toBe(0);
    expect(lastLine(first.out)).toMatchObject({ sweep: "grid", trainings: 4, finished: 4, failed: [], open: [] });
    const rows = await readRows("grid");
    expect(rows.map(({ name, flops: each }) => ({ name, flops: Number(each) }))).toEqual(trainings.map((each) => ({ name: each.name, flops: each.flops })));
    for (const row of rows) {
      for (const column of ["parameters", "tokens", "unique_tokens", "flops", "loss", "seconds", "learning_rate", "epochs"]) expect(Number(row[column]), column).toBeGreaterThan(0);
      expect(Number(row["loss"])).toBeLessThan(Math.log(12)); // characters that are drawn evenly, of 8 kinds and 2 special tokens
      expect(existsSync(join(row["run"] ?? "", "checkpoints"))).toBe(true);
    }

    expect(await readFile(place.path("run.svg"), "utf8")).toContain(">envelope<");
    expect(await readFile(place.path("run.html"), "utf8")).toContain("Against size");

    const before = await written("grid");
    expect((await place.start("scale", "run", place.path("listed.json")).ended).err).toContain("4 of 4 trainings are done already.");
    const longer = await writeSweep("grid", { kind: "grid", parameters: [1e3, 4e3], tokens: [640, 1280, 1920] });
    expect((await place.start("scale", "run", longer).ended).code).toBe(0);
    expect(await written("grid")).toMatchObject(before);
    expect(await readRows("grid")).toHaveLength(6);
    const { out } = await place.decade("runs", place.run("grid"));
    expect(out.trimEnd().split("\n").length).toBeGreaterThanOrEqual(7);
  }, 180_000);

  it("goes on with the others where one fails, tries that again, and says why", async () => {
    const file = await writeSweep("failing", listed([
      { name: "bad", set: { "training.steps": 20, "training.optimizer.learningRate": 1e30, "training.clipNorm": null } },
      { name: "good", set: { "training.steps": 20 } },
    ]));
    const { code, out, err } = await place.start("scale", "run", file, "--jobs", "1", "--retries", "2").ended;
    expect(code).toBe(1);
    expect(err.match(/bad \(\w+\): trains/g)).toHaveLength(3);
    expect(out).toMatch(/^bad has failed: Training diverged: at step \d+ .*training\.log\)$/m);
    expect(out).toContain("Not in the table, for they are not done: bad.");
    expect((await readRows("failing")).map(({ name }) => name)).toEqual(["good"]);
  }, 60_000);
});

describe("a sweep that is cut short", () => {
  const LONG = 4000;
  const trainings: Trainings = [{ name: "long", set: { "training.steps": LONG } }, { name: "short", set: { "training.steps": 30 } }];
  const folders = async (name: string): Promise<string[]> => (await readdir(place.run(name), { withFileTypes: true }).catch(() => [])).filter((each) => each.isDirectory()).map((each) => each.name);
  const log = (name: string, folder: string, file: string): Promise<string> => readFile(join(place.run(name), folder, file), "utf8").catch(() => "");
  /** Waits until the short training is done, and gives the long one's folder. */
  const untilShortIsDone = async (name: string): Promise<string> => {
    for (const end = Date.now() + 60_000; Date.now() < end; await delay(50)) {
      const found = await folders(name);
      const done = found.filter((each) => existsSync(join(place.run(name), each, "result.json")));
      const long = found.find((each) => !done.includes(each));
      if (done.length === 1 && long !== undefined && /"step":2\d\d/.test(await log(name, long, "metrics.jsonl"))) return long;
    }
    throw new Error("The short training was not done within a minute.");
  };
  const lastStep = async (name: string, folder: string): Promise<number> => (JSON.parse((await log(name, folder, "metrics.jsonl")).trimEnd().split("\n").at(-1) ?? "") as { step: number }).step;

  it("saves all at Ctrl-C and goes on from there", async () => {
    const file = await writeSweep("stopped", listed(trainings));
    const { child, ended } = place.start("scale", "run", file, "--jobs", "2");
    const long = await untilShortIsDone("stopped");
    child.kill("SIGINT");
    const { code, err, out } = await ended;
    expect(code, err).toBe(130);
    expect(out).toContain("1 of 2 trainings are done");
    expect(await log("stopped", long, "training.log")).toMatch(/Stopped after step \d+, which is saved/);
  }, 90_000);

  it("leaves no process behind when it is killed, and then repeats nothing", async () => {
    const file = await writeSweep("killed", listed(trainings));
    const { child, ended } = place.start("scale", "run", file, "--jobs", "2");
    const long = await untilShortIsDone("killed");
    const before = await written("killed");
    child.kill("SIGKILL");
    await ended;
    for (const end = Date.now() + 15_000; existsSync(join(place.run("killed"), long, "run.lock")) && Date.now() < end;) await delay(50);
    expect(existsSync(join(place.run("killed"), long, "run.lock"))).toBe(false); // it saved and ended by itself
    const saved = await lastStep("killed", long);
    expect(saved).toBeLessThan(LONG);
    const again = await place.start("scale", "run", file, "--only", "long").ended;
    expect(again.code, again.err).toBe(0);
    expect(await log("killed", long, "training.log")).toMatch(new RegExp(`going on from step (?!0\\b)\\d+`));
    expect(await readRows("killed")).toHaveLength(2);
    const short = Object.keys(before).find((each) => each !== long) ?? "";
    expect((await written("killed"))[short]).toBe(before[short]);
  }, 120_000);
});

describe("bad input", () => {
  it.each([
    ["no such file", ["scale", "run", "nowhere.sweep.ts"], 1, /nowhere\.sweep\.ts.*cannot be read/],
    ["no sweep", ["scale", "design", "toy.json"], 1, /toy\.json has \d+ problems[^]*design/],
    ["a training that is not there", ["scale", "run", "one.json", "--only", "onn"], 1, /no training "onn"; did you mean "one"\?/],
    ["a size that none is below", ["scale", "run", "one.json", "--max-parameters", "5"], 1, /No training of the sweep has at most 5 parameters; the smallest has \d+/],
    ["no memory", ["scale", "run", "one.json", "--memory", "1"], 1, /The training one needs about \d+ MiB of memory, but there are 1 MiB/],
    ["two budgets", ["scale", "design", "one.json", "--budget", "1e9", "--hours", "1"], 2, /--budget and --hours cannot be given together/],
    ["a picture of what is only submitted", ["scale", "run", "one.json", "--slurm", "--svg", "one.svg"], 2, /--svg draws what is done, and --slurm only submits/],
    ["a time without Slurm", ["scale", "run", "one.json", "--time", "1:00:00"], 2, /--time is for a job that is submitted/],
  ])("%s", async (_, [...args], code, message) => {
    await writeSweep("one", listed([{ name: "one", set: { "training.steps": 5 } }]));
    const at = args.findIndex((each) => /\.(json|ts)$/.test(each));
    const outcome = await place.decade(...args.slice(0, at), place.path(args[at] ?? ""), ...args.slice(at + 1));
    expect([outcome.code, outcome.err]).toEqual([code, expect.stringMatching(message)]);
  });
});

it("--slurm --print writes a script with a task for each training that is not done", async () => {
  const file = await writeSweep("array", listed([1, 2, 3].map((steps) => ({ name: `s${steps}`, set: { "training.steps": steps } }))));
  const { code, out } = await place.decade("scale", "run", file, "--slurm", "--print", "--jobs", "2", "--time", "1:00:00", "--sbatch=--mem=4G");
  expect(code).toBe(0);
  expect(out).toMatch(/^#SBATCH --array=0-2%2$/m);
  expect(out).toMatch(/^#SBATCH --mem=4G$/m);
  expect(out).toMatch(/^trainings=\(\w{16} \w{16} \w{16}\)$/m);
});
