import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("the example of a model of one's own learns its task", async () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "jiti/register", "examples/classifier.ts"], { cwd: root });
  const right = /right ([\d.]+) %$/.exec(stdout.trim())?.[1];
  expect(Number(right), stdout).toBeGreaterThan(95);
});
