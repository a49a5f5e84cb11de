import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataError } from "./data-error.ts";
import { makeFolders, removeEmptyFolders } from "./folders.ts";

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "decade-folders-"));
});
afterAll(() => rm(place, { recursive: true }));

describe("folders", () => {
  it("are made from the outermost that is missing, which is told, and once", async () => {
    expect(await makeFolders(relative(process.cwd(), join(place, "a/b/c")))).toBe(join(place, "a"));
    expect(await makeFolders(join(place, "a/b/c"))).toBeUndefined();
    expect(await readdir(place, { recursive: true })).toEqual(expect.arrayContaining([join("a", "b", "c")]));
  });

  it("are made by several at once", async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => makeFolders(join(place, "x/y/z"))));
    expect(new Set(made)).toEqual(new Set([join(place, "x")]));
  });

  it("go again as far as they are empty", async () => {
    await makeFolders(join(place, "p/q/r"));
    await writeFile(join(place, "p/kept"), "");
    await removeEmptyFolders(join(place, "p/q/r"), join(place, "p"));
    expect(await readdir(join(place, "p"))).toEqual(["kept"]);
  });

  it("that cannot be made are told of in a sentence, where a file is in the way", async () => {
    await writeFile(join(place, "file"), "");
    for (const path of ["file", "file/deeper"]) {
      await expect(makeFolders(join(place, path))).rejects.toThrow(new RegExp(`^The folder .*${path} cannot be made \\(E(EXIST|NOTDIR): .*\\); name another\\.$`));
    }
  });

  it.skipIf(!existsSync("/proc/self"))("and where the system takes no new ones, which is not tried for ever (skipped without /proc)", async () => {
    await expect(makeFolders("/proc/decade/shards")).rejects.toThrow(DataError);
  });
});
