import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compareScores, readScores } from "./compare-scores.ts";

describe("compareScores", () => {
  test("gives the means of both parts, with the standard errors of means", () => {
    // Every third example was seen and scores 1; of the others every second one does.
    const scores = Array.from({ length: 600 }, (_, at) => at % 3 === 0 || at % 2 === 0 ? 1 : 0);
    const { all, clean, contaminated, relativeDifference } = compareScores(scores, new Set(Array.from({ length: 200 }, (_, at) => 3 * at)));
    expect(contaminated).toMatchObject({ examples: 200, score: 1, lower: 1, upper: 1 });
    expect(clean).toMatchObject({ examples: 400, score: 0.5 });
    expect(clean?.standardError).toBeCloseTo(Math.sqrt(0.25 / 400), 2);
    expect(all.score).toBeCloseTo(2 / 3, 12);
    expect(relativeDifference).toBeCloseTo(-0.25, 12);
  });

  test("leaves out a part without examples", () => {
    expect(compareScores([1, 0], new Set())).not.toHaveProperty("contaminated");
    expect(compareScores([1, 0], new Set([0, 1]))).not.toHaveProperty("clean");
    expect(compareScores([0, 0], new Set([0]))).not.toHaveProperty("relativeDifference");
  });

  test("refuses files that are not one number for each example", async () => {
    const folder = await mkdtemp(join(tmpdir(), "decade-scores-"));
    const file = join(folder, "scores.txt");
    await writeFile(file, "0.5\nx\n");
    await expect(readScores(file, 3)).rejects.toThrow(/has 2 lines for 3 examples/);
    await expect(readScores(file, 2)).rejects.toThrow(/line 2, is "x", no number/);
    await rm(folder, { recursive: true });
  });
});
