import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { renderSvg } from "../../plot/render.ts";
import { skillChart } from "./generalization-charts.ts";
import { skillCurvesOfTable } from "./skill-curves.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-skills-"));
});

afterAll(() => rm(folder, { recursive: true }));

async function table(...lines: string[]): Promise<string> {
  const file = join(folder, "measured.csv");
  await writeFile(file, lines.map((line) => `${line}\n`).join(""));
  return file;
}

it("gathers the lines of each family, in order of examples, whatever the order of columns", async () => {
  const curves = await skillCurvesOfTable(await table("total,family,correct,examples", "200,lstm,148,4000", "200,lstm,12,1000", "200, gpt ,3,1000", "200,lstm,61,2000", "", "200,gpt,90,8000", "200,lstm,177,8000"));
  expect(curves.map(({ family, points }) => [family, points.map(({ examples }) => examples)])).toEqual([["lstm", [1000, 2000, 4000, 8000]], ["gpt", [1000, 8000]]]);
  const [lstm, gpt] = curves;
  expect(lstm?.fit?.half?.examples).toBeGreaterThan(2000);
  expect(lstm?.fit?.half?.examples).toBeLessThan(4000);
  expect(lstm?.band.at(0)?.examples).toBeCloseTo(1000, 6);
  expect(lstm?.band.at(-1)?.examples).toBeCloseTo(8000, 6);
  expect([gpt?.fit, gpt?.band]).toEqual([null, []]);
  expect(await renderSvg(skillChart(curves))).toContain("training examples");
});

it("reads families whose names have commas, and past empty lines", async () => {
  const [curve] = await skillCurvesOfTable(await table("family,examples,correct,total", "", '"LSTM, attention",1000,12,20'));
  expect(curve?.family).toBe("LSTM, attention");
});

it.each([
  [["family,examples,correct", "lstm,1000,12"], /has no column "total"/],
  [["family,examples,correct,total"], /has no row below them/],
  [["family,examples,correct,total", "", "lstm,1000.5,12,20"], /^Line 3 of ".*measured\.csv", column "examples", holds 1000\.5, but a whole number was expected\.$/],
  [["family,examples,correct,total", "lstm,1000,-1,20"], /column "correct", holds -1, but a whole number/],
  [["family,examples,correct,total", "lstm,many,12,20"], /column "examples", holds "many", but a number/],
  [["family,examples,correct,total", "lstm,1000,12"], /Line 2 .* another number of cells \(3\)/],
  [["family,examples,correct,total", "lstm,1000,12,20", "lstm,2000,22,20"], /^Line 3 of ".*" tells of 22 right answers of 20/],
])("refuses %j", async (lines, message) => {
  await expect(skillCurvesOfTable(await table(...lines))).rejects.toThrow(message);
});
