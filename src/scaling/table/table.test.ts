import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, it } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { parseTable, readTable } from "./table.ts";

const mammals = 'name,body mass,brain\n"Fox, arctic",3.385,44.5\n\nOwl monkey , 0.48 ,NA\n';

describe("a table", () => {
  test("knows columns, rows and the lines on which they stand", () => {
    const table = parseTable(mammals, "mammals.csv");
    expect(table.columns).toEqual(["name", "body mass", "brain"]);
    expect(table.rows.map((row) => [row.line, table.text(row, "name"), table.number(row, "body mass"), table.isMissing(row, "brain")]))
      .toEqual([[2, "Fox, arctic", 3.385, false], [4, "Owl monkey", 0.48, true]]);
  });

  test("is separated by tabs where its first line has one, and may begin with a byte order mark", () => {
    const table = parseTable("\uFEFFa, b\tc\r\n1,5\t2e9\r\n", "runs.tsv");
    expect(table.columns).toEqual(["a, b", "c"]);
    expect(table.rows.map((row) => [row.line, table.text(row, "a, b"), table.number(row, "c")])).toEqual([[2, "1,5", 2e9]]);
  });

  test("keeps count of lines past cells that hold line ends", () => {
    const table = parseTable('a,b\n"x\ny",1\nz,2\n', "a.csv");
    expect(table.rows.map(({ line }) => line)).toEqual([3, 4]);
  });

  test("finds names exactly first, then whatever their case", () => {
    const table = parseTable("d,D,Loss\n1,2,3\n", "a.csv");
    expect(table.find(["D"])).toBe("D");
    expect(table.find(["tokens", "LOSS"])).toBe("Loss");
    expect(table.find(["U"])).toBeUndefined();
  });

  it.prop([fc.array(fc.record({ name: fc.string({ unit: "grapheme" }).filter((text) => text === text.trim()), value: fc.double({ noNaN: true, noDefaultInfinity: true }) }), { minLength: 1 })])(
    "gives back what was written, quoted as RFC 4180 says",
    (rows) => {
      const text = ["name,value", ...rows.map(({ name, value }) => `"${name.replaceAll('"', '""')}",${value}`)].join("\n");
      const table = parseTable(text, "a.csv");
      expect(table.rows.map((row) => ({ name: table.text(row, "name"), value: table.number(row, "value") }))).toEqual(rows.map(({ name, value }) => ({ name, value: value + 0 })));
    },
  );
});

describe("what cannot be used is named in one sentence", () => {
  test.each([
    ["an empty file", "", 'The file "a.csv" is empty; a table whose first line names its columns was expected.'],
    ["a header alone", "a,b\n", 'The table "a.csv" names its columns but has no row below them.'],
    ["a column named twice", "a,b,a\n1,2,3\n", 'The table "a.csv" has two columns named "a"; rename one.'],
    ["a short line", "a,b\n1,2\n3\n", 'Line 3 of "a.csv" has another number of cells (1) than the first line names columns (2).'],
    ["an open quote", 'a,b\n"1,2\n', 'The table "a.csv" cannot be read: '],
  ])("%s", (_, text, message) => {
    expect(() => parseTable(text, "a.csv")).toThrow(message);
  });

  test("a file that is not there", async () => {
    await expect(readTable("none/such.csv")).rejects.toThrow('There is no file "none/such.csv".');
  });

  test("a column that is not there, with the nearest that is", () => {
    const table = parseTable(mammals, "mammals.csv");
    expect(() => table.column("brian")).toThrow('The table "mammals.csv" has no column "brian"; there are "name", "body mass", "brain". Did you mean "brain"?');
    expect(() => table.column("temperature")).toThrow(/there are "name", "body mass", "brain"\.$/);
  });

  test.each(["", "much", "1.5kg", "0x10", ".", "Infinity", "1,5"])('the cell "%s" where a number was expected', (cell) => {
    const table = parseTable(`a,b\n1,2\n"${cell}",3\n`, "a.csv");
    const [, row] = table.rows;
    expect(() => row && table.number(row, "a")).toThrow(`Line 3 of "a.csv", column "a", holds "${cell}", but a number was expected.`);
  });

  test.each(["0", "-3"])("%s where a logarithm is taken", (cell) => {
    const table = parseTable(`a\n${cell}\n`, "a.csv");
    const [row] = table.rows;
    expect(() => row && table.positive(row, "a")).toThrow(`Line 2 of "a.csv", column "a", holds ${cell}, but its logarithm is taken`);
  });
});

test("files are read as text is", async () => {
  const folder = await mkdtemp(join(tmpdir(), "table-"));
  try {
    const path = join(folder, "a.csv");
    await writeFile(path, mammals);
    expect((await readTable(path)).rows).toEqual(parseTable(mammals, path).rows);
  } finally {
    await rm(folder, { recursive: true });
  }
});
