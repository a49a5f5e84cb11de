/** Files that commands write: their folders are made, and what would be lost by writing is refused before any work. */
import { existsSync } from "node:fs";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Workplace } from "./fixtures/command-line.ts";
import { prepareOutputs } from "./output-files.ts";

let place: Workplace;
let table: string;
beforeAll(async () => {
  place = await Workplace.create();
  await mkdir(place.path("folder"));
  const sizes = [1e6, 2e6, 4e6, 8e6];
  table = await place.write("runs.csv", `parameters,tokens,loss\n${sizes.flatMap((n) => sizes.map((d) => `${n},${20 * d},${1.8 + 480 / n ** 0.35 + 2000 / (20 * d) ** 0.37}\n`)).join("")}`);
});
afterAll(() => place.remove());

describe("a file that a command writes", () => {
  it("is no folder", async () => {
    await expect(prepareOutputs(place.path("folder"))).rejects.toThrow(/folder is a folder, where a file is to be written/);
    await expect(prepareOutputs(`${place.path("new")}/`)).rejects.toThrow(/new\/ is a folder/);
    await prepareOutputs(table, place.path("a/b/c.svg"), undefined, "/dev/null");
    expect(existsSync(place.path("a/b"))).toBe(true);
  });

  it("comes into folders that are made for it", async () => {
    const law = await place.decade("scale", "fit", table, "--bootstrap", "0", "--svg", place.path("fit/fit.svg"), "--html", place.path("page/fit.html"), "--save", place.path("law/law.json"));
    expect(law).toMatchObject({ code: 0 });
    expect(existsSync(place.path("law/law.json"))).toBe(true);
    for (const args of [
      ["fit", table, "--with", "hoffmann-2022"], ["slopes", table, "--x", "parameters", "--y", "loss"],
      ["plan", "--law", "besiroglu-2024", "--compute", "1e22"], ["plan", "--law", "muennighoff-2023", "--wall"],
    ]) {
      const svg = place.path(`${args.join(" ").replaceAll("/", "")}/chart.svg`);
      const { code, err } = await place.decade("scale", ...args, "--svg", svg);
      expect(code, err).toBe(0);
      expect(existsSync(svg)).toBe(true);
    }
  });
});

describe("audit canaries", () => {
  it("writes over neither its text nor what it writes itself, however they are named", async () => {
    const text = await place.write("plain.txt", "a line\n".repeat(4000));
    await symlink(text, place.path("link.txt"));
    for (const args of [["--output", place.path("folder/../plain.txt")], ["--output", place.path("link.txt")], ["--output", place.path("out.txt"), "--record", place.path("./plain.txt")], ["--output", place.path("out.txt"), "--record", place.path("./out.txt")]]) {
      const { code, err } = await place.decade("audit", "canaries", "--text", text, ...args);
      expect(code).not.toBe(0);
      expect(err).toContain("give another");
    }
    expect(await readFile(text, "utf8")).toBe("a line\n".repeat(4000));
  });
});
