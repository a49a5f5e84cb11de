import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removeUnfinished, writeFileAtomically } from "./durable-files.ts";

test("what kills left of a file's writing is removed, and nothing else", async () => {
  const folder = await mkdtemp(join(tmpdir(), "decade-durable-"));
  try {
    await writeFileAtomically(join(folder, "index.json"), "{}");
    for (const name of [".index.json.17-abcd.tmp", ".other.json.17-abcd.tmp", ".index.json", "index.json.tmp"]) await writeFile(join(folder, name), "");
    await removeUnfinished(folder, ["index.json"]);
    expect((await readdir(folder)).sort()).toEqual([".index.json", ".other.json.17-abcd.tmp", "index.json", "index.json.tmp"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
