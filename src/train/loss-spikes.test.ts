import { fc, test as property } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MetricsLog, type MetricsRecord } from "./run/metrics-log.ts";
import { toyPairs, ToyFolder } from "./fixtures/toy-run.ts";
import { watchLoss, type LossHistory, type LossSpike } from "./loss-spikes.ts";
import { train } from "./train.ts";

/** The spikes of a sequence of losses, by the step, counted from 1. */
function spikesOf(losses: readonly number[], settings: { deviations: number; window: number }): Map<number, LossSpike> {
  const spikes = new Map<number, LossSpike>();
  let history: LossHistory | undefined;
  for (const [at, loss] of losses.entries()) {
    const watched = watchLoss(history, loss, settings);
    history = watched.history;
    if (watched.spike !== undefined) spikes.set(at + 1, watched.spike);
  }
  return spikes;
}

const finite = fc.double({ min: -100, max: 100, noNaN: true });
const settings = fc.record({ deviations: fc.double({ min: 0.1, max: 5, noNaN: true }), window: fc.integer({ min: 2, max: 20 }) });

describe("watchLoss", () => {
  property.prop([fc.array(finite, { minLength: 1, maxLength: 60 }), settings])("remembers the weighted mean and variance of all losses", (losses, { window, deviations }) => {
    let history: LossHistory | undefined;
    for (const loss of losses) history = watchLoss(history, loss, { window, deviations }).history;
    const alpha = 2 / (window + 1);
    const last = losses.length - 1;
    // The first loss stands for all that came before it.
    const weight = (at: number): number => (at === 0 ? 1 : alpha) * (1 - alpha) ** (last - at);
    const mean = losses.reduce((sum, loss, at) => sum + weight(at) * loss, 0);
    const variance = losses.reduce((sum, loss, at) => sum + weight(at) * (loss - mean) ** 2, 0);
    expect(history?.mean).toBeCloseTo(mean, 8);
    expect(history?.variance).toBeCloseTo(variance, 6);
  });

  property.prop([fc.array(finite, { maxLength: 200 }), settings])("reports nothing before a window is over, and no more than one spike a window", (losses, given) => {
    let before = 1;
    for (const step of spikesOf(losses, given).keys()) {
      expect(step - before).toBeGreaterThanOrEqual(given.window);
      before = step;
    }
  });

  test("a jump is a spike, a fall and a slow rise are not", () => {
    const noise = (at: number): number => 3 + 0.1 * Math.sin(at * at);
    const losses = Array.from({ length: 900 }, (_, at) => noise(at));
    const given = { deviations: 6, window: 100 };
    expect(spikesOf(losses, given).size).toBe(0);
    const spikes = spikesOf(losses.map((loss, at) => (at === 499 ? 5 : loss)), given);
    expect([...spikes.keys()]).toEqual([500]);
    expect(spikes.get(500)?.loss).toBe(5);
    expect(spikes.get(500)?.mean).toBeCloseTo(3, 1);
    expect(spikes.get(500)?.deviation).toBeCloseTo(0.07, 2); // of a sine of 0.1: 0.1 / √2
    expect(spikesOf(losses.map((loss, at) => loss - (at > 499 ? 2 : 0)), given).size).toBe(0);
    expect(spikesOf(losses.map((loss, at) => loss + at / 300), given).size).toBe(0);
  });

  test("a loss that stays high is a spike once", () => {
    const losses = Array.from({ length: 2000 }, (_, at) => 3 + 0.1 * Math.sin(at * at) + (at >= 499 ? 4 : 0));
    expect([...spikesOf(losses, { deviations: 6, window: 100 }).keys()]).toEqual([500]);
  });
});

describe("in a training", () => {
  let folder: ToyFolder;
  const training = { steps: 40, accumulate: 2, optimizer: { kind: "sgd" as const, learningRate: 2 }, lossSpikes: { deviations: 1, window: 4 } };
  const notices: string[] = [];
  const records = (run: string): Promise<MetricsRecord[]> => MetricsLog.read(`${folder.path}/${run}/metrics.jsonl`);
  const spikes = async (run: string): Promise<MetricsRecord[]> => (await records(run)).filter((record) => "lossSpike" in record);

  beforeAll(async () => {
    folder = await ToyFolder.create();
    await folder.writePairs("train.tsv", toyPairs(37, [1, 6])); // ten batches an epoch
    await folder.writePairs("validation.tsv", toyPairs(4, [1, 6], 2));
    await train(folder.config("watched", training), { onEvent: (event) => {
      if (event.kind === "notice") notices.push(event.message);
    } });
  });
  afterAll(() => folder.remove());

  test("a spike is a line of the log, with the place of its first batch, and a notice", async () => {
    const losses = (await folder.log("watched")).steps.map(({ loss }) => Number(loss));
    const expected = [...spikesOf(losses, training.lossSpikes)];
    expect(expected.length).toBeGreaterThan(1);
    expect(await spikes("watched")).toEqual(expected.map(([step, spike]) => (
      { step, lossSpike: { ...spike, epoch: Math.floor((2 * step - 2) / 10), index: (2 * step - 2) % 10 } })));
    expect(notices).toHaveLength(expected.length);
    expect(notices[0]).toMatch(new RegExp(`^Step ${expected[0]?.[0]}: the loss jumped to \\d+\\.\\d{3}, from `));
  });

  test("a training that was interrupted reports the same", async () => {
    for (let at = 3, done = false; !done; at += 15) {
      const controller = new AbortController();
      const { reason } = await train(folder.config("stopped", training), { resume: true, signal: controller.signal, onEvent: (event) => {
        if (event.kind === "progress" && event.step === at) controller.abort();
      } });
      done = reason === "finished";
    }
    expect(await spikes("stopped")).toEqual(await spikes("watched"));
  });

  test("nothing is looked for where null was given", async () => {
    await train(folder.config("unwatched", { ...training, lossSpikes: null }));
    expect(await spikes("unwatched")).toEqual([]);
  });
});
