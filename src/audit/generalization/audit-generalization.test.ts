import { afterAll, beforeAll, expect, it } from "vitest";
import { renderSvg } from "../../plot/render.ts";
import { untrainedRun } from "../../think/fixtures/untrained-run.ts";
import { ToyFolder, toyPairs } from "../../train/fixtures/toy-run.ts";
import { train } from "../../train/train.ts";
import { Translator } from "../../train/translator/translator.ts";
import { auditGeneralization } from "./audit-generalization.ts";
import { openExaminedRun } from "./examined-run.ts";
import { distanceChart, distanceMeasures, distributionChart } from "./generalization-charts.ts";
import { skillCurves } from "./skill-curves.ts";

const held = toyPairs(60, [1, 3], 5);
let folder: ToyFolder;
let run: string;

beforeAll(async () => {
  folder = await ToyFolder.create();
  await folder.writePairs("train.tsv", toyPairs(300, [1, 3]));
  await folder.writePairs("validation.tsv", held);
  run = (await train(folder.config("toy", { steps: 150, optimizer: { kind: "adam", learningRate: 1e-2 }, validateEvery: { steps: 150 }, checkpointEvery: { steps: 150 } }))).directory;
}, 60_000);

afterAll(() => folder.remove());

it("asks a run what it holds out, with the answers that it gives as a translator", async () => {
  const { columns } = await auditGeneralization({ task: "rare-words", runs: [{ path: run, label: "toy" }], strategies: ["greedy", "beam", "majority-vote"], samples: 4, threads: 1 });
  expect(columns.map(({ name }) => name)).toEqual(["toy", "toy, beam", "toy, majority-vote"]);
  const [greedy, beam, votes] = columns;

  const sources = [...new Set(held.map(({ source }) => source))];
  const right = new Map(held.map(({ source, target }) => [source, target]));
  const translator = await Translator.open(run, { threads: 1 });
  for (const [column, size] of [[greedy, 1], [beam, 5]] as const) {
    const outputs = await translator.translate(sources, { beam: size });
    const correct = outputs.filter(({ text }, at) => text === right.get(sources[at] ?? "")).length;
    expect((column?.inDistribution?.correct ?? 0) + (column?.outOfDistribution?.correct ?? 0)).toBe(correct);
    expect(correct).toBeGreaterThan(0);
  }
  await translator.dispose();
  expect(votes?.tokens).toBeGreaterThan((greedy?.tokens ?? NaN) * 2);
  expect([greedy?.examples, greedy?.family, greedy?.verified]).toEqual([300, "toy", false]);
  expect(await renderSvg(distributionChart(columns))).toContain("majority-vote");
  for (const measure of distanceMeasures(columns)) expect(await renderSvg(distanceChart(columns, measure))).toContain(measure);
  const curves = await skillCurves(columns);
  expect(curves.map(({ family, fit }) => [family, fit])).toContainEqual(["toy, beam", null]);
});

it("draws a source's answers by its stream, and the likeliest whatever the stream", async () => {
  const opened = await openExaminedRun(run, { threads: 1 });
  const sampler = opened.sampler();
  const prompts = [1, 1, 2].map((stream) => ({ prompt: "a b c d e f a b", stream }));
  const texts = async (temperature: number): Promise<string[]> => (
    (await sampler.generate(prompts, { samples: 8, temperature, maxTokens: 12, seed: 3 })).map(({ samples }) => samples.map(({ text }) => text).join("|")));
  const [first, same, other] = await texts(2);
  expect(same).toBe(first);
  expect(other).not.toBe(first);
  expect(new Set(await texts(0)).size).toBe(1);
  await expect(sampler.generate([{ prompt: "a b", written: "b", stream: 0 }], { samples: 1, temperature: 0, maxTokens: 4, seed: 1 })).rejects.toThrow(/writes the whole answer/);
  await opened.dispose();
});

it("asks language models longer numbers, and has no beam for them", async () => {
  const sums = await untrainedRun(folder.path, "sums", "0123456789+=", { kind: "gpt", layers: 1, dimension: 8, heads: 1, context: 16 });
  const options = { task: "addition:digits=2", runs: [{ path: sums }], problems: 20, beyond: 1, threads: 1 };
  const { columns } = await auditGeneralization({ ...options, strategies: ["greedy", "majority-vote"], samples: 2 });
  expect(columns.map(({ name }) => name)).toEqual(["sums", "sums, majority-vote"]);
  for (const { groups, examples } of columns) {
    expect(groups.map(({ label, distribution, total }) => [label, distribution, total])).toEqual([["2", "in", 20], ["3", "out", 20]]);
    expect(examples).toBeNull();
  }
  await expect(skillCurves(columns)).rejects.toThrow(/does not tell how many examples/);
  await expect(auditGeneralization({ ...options, strategies: ["beam"] })).rejects.toThrow(/is a language model, for which there is no beam/);
});

it("says which tasks there are", async () => {
  await expect(auditGeneralization({ task: "rare-word", runs: [{ path: run }] })).rejects.toThrow(/did you mean "rare-words"/);
});
