import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { observationsOf, readObservations } from "./observations.ts";
import { parseTable } from "./table.ts";

const datablations = "../shared/data/datablations/runs.csv";

describe("trainings from a table", () => {
  test("are found under the usual names, with what else is there", () => {
    const table = parseTable("run,N,D,loss,C,U\na,1e6,2e7,3.5,1e14,1e7\nb,2e6,2e7,3.2,,\n", "runs.csv");
    expect(observationsOf(table)).toEqual([
      { name: "a", parameters: 1e6, tokens: 2e7, loss: 3.5, flops: 1e14, uniqueTokens: 1e7, line: 2 },
      { name: "b", parameters: 2e6, tokens: 2e7, loss: 3.2, line: 3 },
    ]);
  });

  test("are found under names that are said", () => {
    const table = parseTable("Model Size,Training Tokens,loss,N\n1e6,2e7,3.5,7\n", "runs.csv");
    expect(observationsOf(table, { parameters: "Model Size", tokens: "training tokens" })).toEqual([{ parameters: 1e6, tokens: 2e7, loss: 3.5, line: 2 }]);
  });

  test("a quantity without a column is named, with the names that were looked for", () => {
    const table = parseTable("size,tokens,loss\n1,2,3\n", "runs.csv");
    expect(() => observationsOf(table)).toThrow('The table "runs.csv" has no column of the usual names for parameters ("parameters", "params", "N"); there are "size", "tokens", "loss": say which of them it is.');
    expect(() => observationsOf(table, { parameters: "sise" })).toThrow('Did you mean "size"?');
  });

  test("a cell without a positive number is named", () => {
    expect(() => observationsOf(parseTable("N,D,loss\n1,2,3\n1,0,3\n", "runs.csv"))).toThrow('Line 3 of "runs.csv", column "D", holds 0');
    expect(() => observationsOf(parseTable("N,D,loss\n1,2,\n", "runs.csv"))).toThrow('Line 2 of "runs.csv", column "loss", holds "", but a number was expected.');
  });

  test.skipIf(!existsSync(datablations))("182 trainings of Muennighoff et al. 2023 (skipped where ../shared/data is absent)", async () => {
    const runs = await readObservations(datablations);
    expect(runs).toHaveLength(182);
    expect(runs[0]).toEqual({ name: "2b832b4b", parameters: 2.81e9, tokens: 32e9, uniqueTokens: 4e9, loss: 2.722962, line: 2 });
  });
});
