import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Generator } from "../../decode/language/generator.ts";
import { onnx } from "../../engines/onnx/engine.ts";
import { philox } from "../../metrics/counter-random.ts";
import { resolveTextRun } from "../../train/config/text.ts";
import { openTextModel } from "../../train/run/open-text-model.ts";
import { pretrain } from "../../train/pretrain.ts";
import { renderSvg } from "../../plot/render.ts";
import { auditMemorization } from "./audit-memorization.ts";
import { insertCanaries, type CanaryRecord } from "./canaries.ts";
import { measureExposure } from "./exposure.ts";
import { extractionChart } from "./extraction-chart.ts";

let folder: string;
let record: CanaryRecord;
let text: string;
const engine = onnx({ threads: 1 });
const run = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "decade-memorization-"));
  // Nothing but the canary can be known of lines of random letters.
  const noise = Array.from({ length: 60 }, (_, at) => `${Array.from({ length: 12 }, (__, place) => "abdefgiklmnoprstuvz0123456789"[philox(at, place, 3)[0] % 29]).join("")}\n`).join("");
  ({ text, record } = insertCanaries(noise, { repeat: [0, 40], seed: 4, format: "{word} ##" }));
  await writeFile(run("text.txt"), text);
  for (const [name, steps] of [["trained", 120], ["hardly", 1]] as const) {
    await pretrain(resolveTextRun({
      name, directory: folder, data: { kind: "text", files: [run("text.txt")], validation: 0.1 }, tokenizer: { kind: "character" },
      model: { kind: "gpt", layers: 1, dimension: 32, heads: 2, context: 24 },
      training: { steps, batch: { sequences: 8 }, order: "random", optimizer: { kind: "adamw", learningRate: 1e-2 }, validateEvery: { steps }, checkpointEvery: { steps } },
      engine: { kind: "onnx", threads: 1 },
    }));
  }
}, 120_000);

afterAll(() => rm(folder, { recursive: true }));

describe("auditMemorization", () => {
  test("finds the repeated canary at full exposure and the other not, and extracts what is repeated", async () => {
    const canaries = run("record.json");
    await writeFile(canaries, JSON.stringify(record));
    const { exposure, extraction, models, fits, membership, ...rest } = await auditMemorization({
      runs: [run("trained"), run("hardly")], checkpoint: "latest", canaries, prefixes: [4, 8], continuation: 2, samples: 30, reference: run("hardly"), stretch: 12,
    }, engine);
    expect(exposure.map(({ repeats, found, method }) => [repeats, found, method])).toEqual([[0, false, "enumeration"], [40, true, "enumeration"]]);
    expect(exposure[1]?.exposure).toBeCloseTo(Math.log2(100), 12);
    const shareOf = (name: string, isRepeated: boolean): number => {
      const cells = extraction.filter((cell) => cell.run === run(name) && cell.prefix === 8 && cell.repetitions[0] > 16 === isRepeated);
      return cells.reduce((sum, { extracted }) => sum + extracted, 0) / cells.reduce((sum, { samples }) => sum + samples, 0);
    };
    expect(shareOf("trained", true)).toBeGreaterThan(shareOf("trained", false));
    expect(shareOf("hardly", true)).toBeLessThan(shareOf("trained", true));
    expect(models.map(({ run: name, prefix, samples }) => [name, prefix, samples])).toEqual([run("trained"), run("hardly")].map((name) => [
      name, 8, extraction.filter((cell) => cell.run === name && cell.prefix === 8).reduce((sum, { samples }) => sum + samples, 0),
    ]));
    for (const by of ["prefix", "repetitions", "parameters"] as const) expect(await renderSvg(extractionChart({ extraction, models, fits, ...rest }, { by }))).toContain("share extracted");
    expect(membership?.auroc).toBeGreaterThan(0.5);
  }, 60_000);

  test("calls extracted what a generator continues greedily", async () => {
    const source = await openTextModel(run("trained"), { checkpoint: "latest" });
    const { extraction } = await auditMemorization({ runs: [run("trained")], checkpoint: "latest", text: run("text.txt"), prefixes: [6], continuation: 2, samples: 100_000 }, engine);
    const windows = [...new Set(Array.from({ length: text.length - 7 }, (_, at) => text.slice(at, at + 8)))];
    const generator = Generator.create(source, engine);
    const texts = await generator.generate(windows.map((window) => window.slice(0, 6)), { greedy: true, maxTokens: 2 });
    await generator.dispose();
    const same = windows.filter((window, at) => texts[at]?.[0]?.text === window.slice(6)).length;
    expect(extraction.reduce((sum, { samples }) => sum + samples, 0)).toBe(windows.length);
    expect(extraction.reduce((sum, { extracted }) => sum + extracted, 0)).toBe(same);
  }, 60_000);

  test("estimates by a sample about what enumeration finds, for a canary that is not known", async () => {
    const source = await openTextModel(run("trained"), { checkpoint: "latest" });
    const unknown = { ...record, canaries: record.canaries.slice(0, 1) };
    const [[exact], [estimate]] = [await measureExposure(source, unknown, engine), await measureExposure(source, unknown, engine, { most: 60 })];
    expect(estimate).toMatchObject({ method: "skew-normal", sampled: 60 });
    expect(Math.abs((estimate?.exposure ?? NaN) - (exact?.exposure ?? NaN))).toBeLessThan(1.5);
  }, 60_000);

  test("refuses in one sentence what cannot be asked", async () => {
    const options = { runs: [run("trained")], checkpoint: "latest" } as const;
    await expect(auditMemorization({ ...options, prefixes: [30] }, engine)).rejects.toThrow(/have 46 tokens, but .*trained can look at 24/);
    await expect(auditMemorization({ ...options, runs: [folder] }, engine)).rejects.toThrow();
    await writeFile(run("other.json"), JSON.stringify({ seed: 1, canaries: [{ before: "ZZZ ", secret: "12", after: "", repeats: 1 }] }));
    await expect(auditMemorization({ ...options, canaries: run("other.json") }, engine)).rejects.toThrow(/tokenizer cannot write the canary "ZZZ/);
  }, 60_000);
});
