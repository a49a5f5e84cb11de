import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TokenShards } from "../data/shards/token-shards.ts";
import { lastLine, Workplace, type Outcome } from "./fixtures/command-line.ts";

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

const tokenize = (...args: string[]): Promise<Outcome> => place.decade("tokenize", "--threads", "1", ...args);

it("makes shards of files, and prints what is in them", async () => {
  const args = [place.path("toy.en"), place.path("toy.fr"), "--character", "--document-limit", "200", "--validation", "0.3", "--output", place.path("shards")];
  const { code, out, err } = await tokenize(...args, "--json");
  expect(code, err).toBe(0);
  const shards = await TokenShards.open(place.path("shards"));
  expect(lastLine(out)).toMatchObject({ folder: place.path("shards"), dtype: "uint16", vocabulary: shards.tokenizer.size, train: { tokens: shards.tokens, shards: 1 } });
  const english = await readFile(place.path("toy.en"), "utf8");
  const text = shards.tokenizer.decode(shards.tokensAt(0, shards.tokens));
  expect(english).toContain(text.slice(0, 100));
  expect((await tokenize(...args)).out).toMatch(/train: [\d,]+ tokens, \d+ documents, \d\.\d\d bytes a token\nvalidation: /);
});

it("cuts at separators, and says where nothing was held out", async () => {
  const file = await place.write("two.txt", "a b\n---\nc d\n---\n");
  const { code, err, out } = await tokenize(file, "--separator", "---", "--validation", "1e-9", "--character", "--output", place.path("two"), "--json");
  expect(code, err).toBe(0);
  expect(lastLine(out)).toMatchObject({ train: { documents: 2, bytes: 6, tokens: 8 } });
  expect(err).toContain("No document was held out of 2; raise --validation, or give --validation-input.");
});

describe("what is wrong is said in one sentence:", () => {
  it.each([
    [["absent.txt"], 1, "absent.txt does not exist"],
    [["--character", "--bpe", "300"], 2, "cannot be given together; choose one"],
    [["--separator", "x", "--blank-lines"], 2, "--separator and --blank-lines cannot be given together"],
    [["--validation", "1"], 2, "--validation is 1; give a share from 0 to below 1"],
    [["--tokenizer", "absent.json"], 1, "The tokenizer file absent.json cannot be read"],
    [["--long-documents", "drop"], 2, "Allowed choices are split, refuse"],
  ])("%j", async (args, code, message) => {
    const outcome = await tokenize(...args, "--output", place.path("nothing"));
    expect(outcome.err).toContain(message);
    expect(outcome.err).not.toMatch(/^ +at /m);
    expect(outcome.code).toBe(code);
  });

  it.skipIf(!existsSync("/proc/self"))("a folder that cannot be made (skipped without /proc)", async () => {
    const { code, err } = await tokenize(place.path("toy.en"), "--character", "--document-limit", "200", "--output", "/proc/decade");
    expect(err).toMatch(/^decade: The folder \/proc\/decade cannot be made \(.*\); name another\.\n$/);
    expect(code).toBe(1);
  });
});

it("leaves a folder alone that another process is writing to, and names it", async () => {
  const args = [place.path("toy.en"), "--character", "--output", place.path("shared")];
  const { child, ended } = place.start("tokenize", ...args);
  const lock = (): Promise<string> => readFile(place.path("shared/shards.lock"), "utf8").catch(() => "");
  while (child.exitCode === null && await lock() === "") await new Promise((resolve) => setTimeout(resolve, 2));
  child.kill("SIGSTOP");
  if (await lock() !== "") { // else it was faster
    const { code, err } = await tokenize(...args);
    expect(code).toBe(1);
    expect(err).toMatch(new RegExp(`^decade: The folder .*shared is in use by process ${child.pid} on .*; wait for it or stop it\\.`));
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  }
  child.kill("SIGCONT");
  expect((await ended).code).toBe(0);
  expect((await tokenize(...args)).code).toBe(0);
});

it("goes on after a kill, to the same bytes", async () => {
  const contents = async (folder: string): Promise<string[]> => {
    const names = (await readdir(place.path(folder))).sort();
    return Promise.all(names.map(async (name) => `${name} ${await readFile(place.path(`${folder}/${name}`), "base64")}`));
  };
  const lines = Array.from({ length: 600 }, (_, line) => JSON.stringify({ text: `document ${line} `.repeat(100) }));
  const args = [await place.write("many.jsonl", lines.join("\n")), "--character", "--shard-tokens", "20000"];
  const { child, ended } = place.start("tokenize", ...args, "--output", place.path("killed"));
  const finished = async (): Promise<boolean> => (await readdir(place.path("killed")).catch((): string[] => [])).includes("train-00001.tokens");
  while (child.exitCode === null && !(await finished())) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill("SIGKILL");
  await ended;
  expect(await readFile(place.path("killed/index.json"), "utf8")).toContain('"complete": false');
  for (const folder of ["killed", "whole"]) expect((await tokenize(...args, "--output", place.path(folder))).code).toBe(0);
  expect(await contents("killed")).toEqual(await contents("whole"));
});
