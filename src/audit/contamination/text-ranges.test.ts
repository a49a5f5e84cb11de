import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, it } from "@fast-check/vitest";
import { afterAll, beforeAll, expect } from "vitest";
import { textChunks } from "./text-ranges.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-ranges-"));
});

afterAll(() => rm(folder, { recursive: true }));

it.prop([fc.array(fc.constantFrom("a", "é", "\n", "語"), { maxLength: 30 }).map((parts) => parts.join("")), fc.integer({ min: 1, max: 9 })])(
  "ranges hold each line once, in the range where it begins", async (text, size) => {
    const file = join(folder, "text.txt");
    await writeFile(file, text);
    const length = Buffer.byteLength(text);
    const parts: string[] = [];
    for (let from = 0; from < length; from += size) {
      let part = "";
      for await (const chunk of textChunks(file, { from, to: Math.min(length, from + size) })) part += Buffer.from(chunk).toString();
      parts.push(part);
    }
    const lines = text.split(/(?<=\n)/);
    const starts = lines.map((_, at) => Buffer.byteLength(lines.slice(0, at).join("")));
    expect(parts).toEqual(parts.map((_, part) => lines.filter((__, at) => Math.floor((starts[at] ?? 0) / size) === part).join("")));
  });
