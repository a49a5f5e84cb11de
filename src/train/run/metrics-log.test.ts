import { fc, test } from "@fast-check/vitest";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeFileAtomically } from "../../data/durable-files.ts";
import { mountSmallDisk } from "../fixtures/small-disk.ts";
import { MetricsLog, MetricsLogError } from "./metrics-log.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "metrics-"));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
const newFile = (): string => join(folder, `${files++}.jsonl`);
async function fileOf(content: string): Promise<string> {
  const path = newFile();
  await writeFile(path, content);
  return path;
}

describe("MetricsLog", () => {
  it("writes one JSON object a line, in the order of the calls", async () => {
    const path = newFile();
    const log = await MetricsLog.open(path);
    await Promise.all([1, 2, 3].map((step) => log.append({ step, loss: step / 2 })));
    expect(await readFile(path, "utf8")).toBe('{"step":1,"loss":0.5}\n{"step":2,"loss":1}\n{"step":3,"loss":1.5}\n');
    await log.close();
  });

  it("names its file where the disk is full, and keeps the records before", async (context) => {
    const disk = await mountSmallDisk(folder, 16);
    if (disk === undefined) return context.skip("no small disk can be mounted here; that takes root");
    try {
      const path = join(disk.path, "metrics.jsonl");
      const log = await MetricsLog.open(path);
      const filling = async (): Promise<void> => {
        for (let step = 1; ; step++) await log.append({ step });
      };
      await expect(filling()).rejects.toThrow(`${path} cannot be written, for the disk is full (ENOSPC)`);
      await log.close();
      expect((await MetricsLog.read(path)).length).toBeGreaterThan(100);
      await expect(writeFileAtomically(join(disk.path, "config.json"), "{}")).rejects.toThrow(`${join(disk.path, "config.json")} cannot be written, for the disk is full`);
    } finally {
      disk.unmount();
    }
  });

  it("appends to what is there", async () => {
    const path = await fileOf('{"step":1}\n');
    const log = await MetricsLog.open(path);
    await log.append({ step: 2 });
    await log.close();
    expect(await MetricsLog.read(path)).toEqual([{ step: 1 }, { step: 2 }]);
  });

  it("forgets the steps after the one that it resumes at, wherever they stand", async () => {
    const path = await fileOf('{"step":1}\n{"step":3}\n{"step":2}\n{"step":4}\n');
    const log = await MetricsLog.open(path, { resumeAt: 2 });
    await log.append({ step: 3, again: true });
    await log.close();
    expect(await MetricsLog.read(path)).toEqual([{ step: 1 }, { step: 2 }, { step: 3, again: true }]);
  });

  it("keeps a whole last line that only lacks its line end", async () => {
    const path = await fileOf('{"step":1}');
    const log = await MetricsLog.open(path);
    await log.append({ step: 2 });
    await log.close();
    expect(await readFile(path, "utf8")).toBe('{"step":1}\n{"step":2}\n');
  });

  it("names a damaged line before the last", async () => {
    const path = await fileOf('{"step":1}\n{"st\n{"step":3}\n');
    await expect(MetricsLog.open(path)).rejects.toThrow(MetricsLogError);
    await expect(MetricsLog.open(path)).rejects.toThrow(`${path}: line 2 is not a JSON object with a numeric "step"`);
  });

  it("has no records where there is no file", async () => {
    expect(await MetricsLog.read(newFile())).toEqual([]);
  });

  test.prop([
    fc.array(fc.record({ step: fc.nat(), text: fc.string({ unit: "binary" }) }), { minLength: 1 }),
    fc.nat(40),
  ])("loses only the last record when it is cut off within it", async (records, cut) => {
    const lines = records.map((record) => `${JSON.stringify(record)}\n`);
    const last = Buffer.from(lines.at(-1) ?? "");
    // Without its brace and line end the last line is torn.
    const torn = last.subarray(0, Math.max(0, last.length - 2 - cut));
    const path = await fileOf("");
    await writeFile(path, Buffer.concat([Buffer.from(lines.slice(0, -1).join("")), torn]));
    await (await MetricsLog.open(path)).close();
    expect(await MetricsLog.read(path)).toEqual(records.slice(0, -1));
    expect(await readFile(path, "utf8")).toBe(lines.slice(0, -1).join(""));
  });
});
