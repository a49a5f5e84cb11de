import { describe, expect, test } from "vitest";
import { parseTable } from "../table/table.ts";
import { slopePoints } from "./points.ts";

const table = parseTable("order,species,sex,body,brain\nRodentia,Mouse,f,20,0.4\nRodentia,Mouse,m,22,NA\nPrimates,Human,f,62000,1320\n", "a.csv");

describe("points from a table", () => {
  test("leave out and count rows in which something was not measured", () => {
    expect(slopePoints(table, { x: "body", y: "brain", group: "order", label: "species" })).toEqual({
      points: [{ name: "Mouse", group: "Rodentia", x: 20, y: 0.4 }, { name: "Human", group: "Primates", x: 62000, y: 1320 }], skipped: 1,
    });
  });

  test("are one group without a column of groups", () => {
    expect(new Set(slopePoints(table, { x: "body", y: "brain" }).points.map(({ group }) => group))).toEqual(new Set(["all"]));
  });

  test("are named by the first column of texts that tells all rows apart, else by their lines", () => {
    const named = parseTable("id,kind,who,x,y\n1,a,Ann,1,1\n2,a,Bob,2,2\n", "a.csv");
    expect(slopePoints(named, { x: "x", y: "y" }).points.map(({ name }) => name)).toEqual(["Ann", "Bob"]);
    expect(slopePoints(table, { x: "body", y: "brain" }).points.map(({ name }) => name)).toEqual(["line 2", "line 4"]);
  });

  test.each([
    ["a column that is not there", { x: "body", y: "brian" }, 'The table "a.csv" has no column "brian"'],
    ["a cell that is no number", { x: "species", y: "brain" }, 'Line 2 of "a.csv", column "species", holds "Mouse", but a number was expected.'],
  ])("%s is refused", (_, columns, message) => {
    expect(() => slopePoints(table, columns)).toThrow(message);
  });

  test("a number without a logarithm is refused", () => {
    expect(() => slopePoints(parseTable("x,y\n1,2\n0,3\n", "a.csv"), { x: "x", y: "y" })).toThrow('Line 3 of "a.csv", column "x", holds 0, but its logarithm is taken');
  });

  test("a table in which no row has both is refused", () => {
    expect(() => slopePoints(parseTable("x,y\n1,\n,3\n", "a.csv"), { x: "x", y: "y" })).toThrow('No row of "a.csv" has "x" and "y"; each needs a value in the same row.');
  });
});
