import { Readable } from "node:stream";
import { afterEach, expect, test, vi } from "vitest";
import { linesInPortions, standardInput } from "./text-input.ts";

afterEach(() => void vi.restoreAllMocks());

/** Gives these bytes on standard input. */
function input(bytes: Buffer): void {
  vi.spyOn(process, "stdin", "get").mockReturnValue(Readable.from([bytes]) as typeof process.stdin);
}

test("standard input is read as a file would be: without a byte order mark, in portions, and in UTF-8 only", async () => {
  input(Buffer.from("\uFEFFone\r\n\r\nthree\n"));
  const portions = [];
  for await (const portion of linesInPortions("-", 2)) portions.push(portion);
  expect(portions).toEqual([{ lines: ["one", ""], first: 0, total: 3 }, { lines: ["three"], first: 2, total: 3 }]);
  input(Buffer.from("\uFEFFa\uFEFF\n"));
  expect(await standardInput()).toBe("a\uFEFF\n");
  input(Buffer.from([0x63, 0xe9]));
  await expect(standardInput()).rejects.toThrow("Standard input is not UTF-8");
});
