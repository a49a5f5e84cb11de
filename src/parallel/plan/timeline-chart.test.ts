import { expect, it } from "vitest";
import { renderSvg } from "../../plot/render.ts";
import { profileOf } from "./fixtures/profiles.ts";
import { simulate } from "./simulate.ts";
import { timelineChart } from "./timeline-chart.ts";

const base = { replicas: 1, stages: 1, vocabulary: 1, schedule: "none", chunks: 1, microBatches: 1 } as const;

/** Left end, right end and row of each bar as parts of the step, by kind. */
async function drawn(...[profile, layout]: Parameters<typeof simulate>): Promise<{ kind: string; from: number; to: number; row: string }[]> {
  const svg = await renderSvg(timelineChart(simulate(profile, layout), "a layout"));
  return [...svg.matchAll(/aria-label="[^"]*?row: (device \d+)[^"]*?kind: ([\w ]+)[^"]*" role="graphics-symbol" aria-roledescription="bar" d="M([\d.]+),[\d.]+h([\d.]+)/g)]
    .map(([, row = "", kind = "", x, width]) => ({ kind, row, from: Number(x) / 900, to: (Number(x) + Number(width)) / 900 }));
}

it("draws each device's work, and where it waits for a message that is under way", async () => {
  // 1 s forward, 3 s on the way, 1 and 2 s on the second device, 3 s back, 2 s: 12 s.
  const bars = await drawn(profileOf([{ outputBytes: 3 }, {}], { link: { bandwidth: 1, latency: 0 } }), { ...base, stages: 2, schedule: "1f1b" });
  const expected = [
    ["forward", "device 0", 0, 1], ["communication", "device 0", 7, 10], ["gradients", "device 0", 10, 12],
    ["communication", "device 1", 1, 4], ["forward", "device 1", 4, 5], ["gradients", "device 1", 5, 7],
  ];
  expect(bars.map(({ kind, row, from, to }) => [kind, row, Math.round(12 * from), Math.round(12 * to)])).toEqual(expected);
});

it("draws each shard of a vocabulary, and what replicas exchange", async () => {
  const unit = { parameterBytes: 4, update: 2 };
  const shared = await drawn(profileOf([{}, { vocabulary: true }]), { ...base, vocabulary: 3, schedule: "1f1b", share: 0 });
  expect(new Set(shared.map(({ row }) => row))).toEqual(new Set(["device 0", "device 1", "device 2"]));
  // 3 s of work, 2 bytes at 1 byte a second each way, and half of the update between.
  const replicated = await drawn(profileOf([unit], { link: { bandwidth: 1, latency: 0 } }), { ...base, replicas: 2 });
  expect(replicated.map(({ kind, from, to }) => [kind, Math.round(8 * from), Math.round(8 * to)])).toEqual(
    [["forward", 0, 1], ["gradients", 1, 3], ["communication", 3, 5], ["update", 5, 6], ["communication", 6, 8]]);
});

it("draws the gradient of shards that drop their logits behind their forward pass", async () => {
  const bars = await drawn(profileOf([{}, { vocabulary: true }]), { ...base, vocabulary: 2, schedule: "wavefront-2014", chunks: 2, share: 0, logits: "dropped" });
  expect(bars.filter(({ row }) => row === "device 1").map(({ kind }) => kind)).toEqual(["forward", "gradients", "forward", "gradients"]);
});

it("draws what is under way for each of several batches of a wavefront", async () => {
  const layout = { ...base, stages: 2, schedule: "wavefront-2014", chunks: 2, microBatches: 2 } as const;
  const bars = await drawn(profileOf([{ outputBytes: 3 }, {}], { link: { bandwidth: 1, latency: 0 } }), layout);
  const waits = bars.filter(({ kind, row }) => kind === "communication" && row === "device 1");
  expect(waits.filter(({ from }) => from < 0.5)).toHaveLength(waits.length / 2);
});
