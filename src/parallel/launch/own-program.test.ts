import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { ownProgram } from "./own-program.ts";

it("starts this program from any folder, where it is not built too", () => {
  const [node, ...args] = ownProgram();
  const { status, stdout, stderr } = spawnSync(node, [...args, "schedule", "gpipe", "--stages", "2", "--micro-batches", "1", "--csv"], { cwd: tmpdir(), encoding: "utf8" });
  expect([status, stdout], stderr).toEqual([0, "0F0,,,0B0\n,1F0,1B0\n"]);
});
