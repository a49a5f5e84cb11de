import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { readLines } from "../../data/text-file.ts";
import { openTask } from "./open-task.ts";
import { scanCommands } from "./scan-grammar.ts";

const folder = fileURLToPath(new URL("../../../../shared/data/scan", import.meta.url));

it("has as many different commands as are published", () => {
  expect(new Set(scanCommands().map(({ command }) => command)).size).toBe(20_910);
});

it.skipIf(!existsSync(folder))("gives every published command the actions that are published with it", async () => {
  const lines = await Promise.all(["train", "test"].map((part) => readLines(`${folder}/tasks_${part}_simple.txt.gz`)));
  const published = new Set(lines.flat().map((line) => line.trim()));
  const made = new Set(scanCommands().map(({ command, actions }) => `IN: ${command} OUT: ${actions}`));
  expect(made.size).toBe(published.size);
  expect([...made].filter((line) => !published.has(line))).toEqual([]);
});

it.skipIf(!existsSync(folder))("adds compositions of jump to training and takes them from the test", async () => {
  const plain = openTask(`scan:folder=${folder},split=addprim_jump`);
  const task = openTask(`scan:folder=${folder},split=addprim_jump,jumps=8`);
  const all = { seed: 1, count: 100_000 };
  const train = (await task.problems("train", all)).map(({ key }) => key);
  const composed = train.filter((key) => key.includes("jump") && key !== "jump");
  expect(new Set(composed).size).toBe(8);
  expect(composed.length).toBe(train.filter((key) => key === "jump").length);
  const test = await task.problems("test", all);
  expect(test.length).toBe((await plain.problems("test", all)).length - 8);
  expect(test.some(({ key }) => composed.includes(key))).toBe(false);
  await expect(async () => openTask(`scan:folder=${folder},jumps=8`)).rejects.toThrow(/split=addprim_jump/);
});
