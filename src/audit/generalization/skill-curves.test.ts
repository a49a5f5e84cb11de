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

it.each([
  [["family,examples,correct", "lstm,1000,12"], /has no column total in its first line/],
  [["family,examples,correct,total"], /has no line below its heading/],
  [["family,examples,correct,total", "lstm,1e3,12,20"], /line 2, has "1e3" as examples/],
  [["family,examples,correct,total", "lstm,1000,12"], /line 2, has 3 cells, but the first line has 4/],
  [["family,examples,correct,total", "lstm,1000,12,20", "lstm,2000,22,20"], /line 3, tells of 22 right answers of 20/],
])("refuses %j", async (lines, message) => {
  await expect(skillCurvesOfTable(await table(...lines))).rejects.toThrow(message);
});
