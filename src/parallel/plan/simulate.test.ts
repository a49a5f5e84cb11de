import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generateSchedule, scheduleBubble } from "../schedules/generators.ts";
import { playSchedule } from "../timeline.ts";
import { FREE_LINK, profileOf, someLayout, someLink, someProfile } from "./fixtures/profiles.ts";
import { devicesOf, type Layout } from "./layout.ts";
import { memoryOf, pipelineMemory } from "./memory.ts";
import { place, total, workOf } from "./placement.ts";
import { leastSeconds } from "./search.ts";
import { oneDeviceSeconds, simulate } from "./simulate.ts";

const ONE: Layout = { replicas: 1, stages: 1, vocabulary: 1, schedule: "none", chunks: 1, microBatches: 1 };
const laidOut = (link: Parameters<typeof someProfile>[0]) => someProfile(link).chain((profile) => fc.record({ profile: fc.constant(profile), layout: someLayout(profile) }));
const runs = { numRuns: 400 };

describe("any layout", () => {
  it("is no faster than its devices together, and no faster than its bound", () => {
    fc.assert(fc.property(laidOut(someLink), ({ profile, layout }) => {
      const { speedup, stepSeconds } = simulate(profile, layout);
      expect(speedup).toBeLessThanOrEqual(devicesOf(layout) * (1 + 1e-9));
      expect(stepSeconds).toBeGreaterThanOrEqual(leastSeconds(profile, layout, place(profile, layout)) * (1 - 1e-9));
    }), runs);
  });

  it("does all the work and no other", () => {
    fc.assert(fc.property(laidOut(fc.constant(FREE_LINK)), ({ profile, layout }) => {
      const { devices } = simulate(profile, layout);
      const work = devices.reduce((sum, { copies, actions, updateBegins, updated }) => (
        sum + copies * layout.replicas * (updated - updateBegins + actions.reduce((busy, { start, end }) => busy + end - start, 0))), 0);
      expect(work / oneDeviceSeconds(profile, layout.replicas * layout.microBatches)).toBeCloseTo(1, 6);
    }), runs);
  });

  it("takes no less time over a slower link, nor with more latency", () => {
    fc.assert(fc.property(laidOut(someLink), ({ profile, layout }) => {
      const { stepSeconds } = simulate(profile, layout);
      const slower = { ...profile, link: { bandwidth: profile.link.bandwidth / 2, latency: profile.link.latency + 0.1 } };
      expect(simulate(slower, layout).stepSeconds).toBeGreaterThanOrEqual(stepSeconds * (1 - 1e-9));
    }), runs);
  });

  it("holds as many micro-batches' activations as its schedule says", () => {
    fc.assert(fc.property(laidOut(fc.constant(FREE_LINK)), ({ profile, layout }) => {
      const { schedule, stages, chunks, microBatches } = layout;
      if (layout.vocabulary > 1 || schedule === "wavefront-2014") return;
      const alike = { ...profile, units: profile.units.map((unit) => ({ ...unit, activationBytes: 1 })) };
      const placement = place(alike, layout);
      const oneUnitEach = { ...placement, stages: placement.stages.map((stage) => stage.slice(0, 1)) };
      expect(pipelineMemory(alike, layout, oneUnitEach).map(({ activations }) => activations)).toEqual(
        playSchedule(generateSchedule(schedule, { devices: stages, microBatches, chunks })).peakActivations);
    }), runs);
  });
});

it("at equal costs over free links the bubble is the schedule's closed form", () => {
  for (const [schedule, chunks, units] of [["none", 1, 4], ["gpipe", 1, 4], ["1f1b", 1, 4], ["interleaved-1f1b", 2, 8], ["zb-h1", 1, 4], ["zb-v", 1, 8]] as const) {
    const profile = profileOf(Array.from({ length: units }, () => ({})));
    const size = { devices: 4, microBatches: 12, chunks };
    expect(simulate(profile, { ...ONE, stages: 4, schedule, chunks, microBatches: 12 }).bubble).toBeCloseTo(scheduleBubble(schedule, size) ?? NaN, 10);
  }
});

it("replicas over free links are as many times as fast, update and all", () => {
  fc.assert(fc.property(someProfile(fc.constant(FREE_LINK)), fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 4 }), (profile, replicas, microBatches) => {
    expect(simulate(profile, { ...ONE, replicas, microBatches }).speedup).toBeCloseTo(replicas, 9);
  }), { numRuns: 100 });
});

it("two replicas: half of the gradients go each way, then half of the weights, in buckets of 25 MiB", () => {
  const profile = profileOf([{ parameterBytes: 80e6, update: 0.5 }], { link: { bandwidth: 1e7, latency: 0.01 } });
  // 3 s of computation, 40 MB in 4 s and four latencies, norm and back, half of the update, the same 40 MB.
  expect(simulate(profile, { ...ONE, replicas: 2 }).stepSeconds).toBeCloseTo(3 + 4 + 0.04 + 0.02 + 0.25 + 4 + 0.04, 9);
});

describe("devices that slow each other down", () => {
  it("take as much longer as is stated where all are always at work", () => {
    fc.assert(fc.property(someProfile(fc.constant(FREE_LINK)), fc.integer({ min: 2, max: 16 }), fc.double({ min: 0, max: 2, noNaN: true }), (profile, replicas, contention) => {
      expect(simulate({ ...profile, contention }, { ...ONE, replicas, microBatches: 3 }).speedup).toBeCloseTo(replicas / (1 + contention), 9);
    }), { numRuns: 100 });
  });

  it("do not where one computes at a time, and by half where the other is at work half of the time", () => {
    const contention = 0.5;
    const profile = { ...profileOf([{}, {}]), contention };
    expect(simulate(profile, { ...ONE, stages: 2, schedule: "none", microBatches: 4 }).stepSeconds).toBeCloseTo(4 * 6, 9);
    // A stage of 6 s a micro-batch is never idle for long; its shard, of 3 s, is at work half of the time and never alone.
    const [body, shard] = simulate({ ...profileOf([{ forward: 2, inputGradient: 2, weightGradient: 2 }, { vocabulary: true }]), contention },
      { ...ONE, vocabulary: 2, schedule: "gpipe", share: 0, microBatches: 100 }).devices;
    const seconds = (device: typeof body): number => (device?.actions ?? []).reduce((sum, { start, end }) => sum + end - start, 0);
    expect(seconds(body) / 600).toBeCloseTo(1 + contention / 2, 1);
    expect(seconds(shard) / 300).toBeCloseTo(1 + contention, 1);
  });

  it("take no less time than apart, and no more than all together would", () => {
    fc.assert(fc.property(laidOut(someLink), fc.double({ min: 0, max: 1, noNaN: true }), ({ profile, layout }, contention) => {
      const [apart, together] = [simulate(profile, layout).stepSeconds, simulate({ ...profile, contention }, layout).stepSeconds];
      expect(together).toBeGreaterThanOrEqual(apart * (1 - 1e-9));
      expect(together).toBeLessThanOrEqual(apart * (1 + contention) * (1 + 1e-9));
    }), runs);
  });
});

describe("a shared vocabulary", () => {
  it("lies so that the last stage's device is as busy as the others", () => {
    const profile = profileOf([{ forward: 2 }, { forward: 10, vocabulary: true }]); // 4 and 12 in all
    const { stages, share } = place(profile, { ...ONE, vocabulary: 3 });
    expect(share).toBeCloseTo(1 / 9, 12); // 4 + 12 / 9 = 12 * 4 / 9
    expect(stages.map((stage) => total(stage, workOf))).toEqual([expect.closeTo(16 / 3, 9), expect.closeTo(16 / 3, 9)]);
  });

  it("costs hidden states to each shard, the normalizer's exchange, and a gradient from each", () => {
    const link = { bandwidth: 100, latency: 0.5 };
    const profile = profileOf([{ outputBytes: 50 }, { forward: 3, inputGradient: 3, weightGradient: 3, vocabulary: true }], { link });
    // On 1 + 2 devices, the whole projection on the two: 1 s forward, 2 x 50 bytes; 1.5 s with two steps there and two back
    // of 2 x 4 x 100 bytes; both gradients 3 s, 2 x 50 bytes; 2 s backward; and the norm's way through three devices.
    const seconds = 1 + 1.5 + 1.5 + 4 * (0.5 + 8) + 3 + 1.5 + 2 + 4 * 0.5;
    expect(simulate(profile, { ...ONE, vocabulary: 3, schedule: "1f1b", share: 0 }).stepSeconds).toBeCloseTo(seconds, 9);
  });

  it("is worked on where the hidden states are while they travel", () => {
    const link = { bandwidth: 1e30, latency: 2 };
    const profile = profileOf([{}, { forward: 4, inputGradient: 2, weightGradient: 2, vocabulary: true }], { link });
    // Half on each of two: the shard has its part at 1 + 2, exchanges 2 x 2, and is done forward at 9, backward at 11; its
    // gradients come at 13, when the last stage has long done its own half.
    expect(simulate(profile, { ...ONE, vocabulary: 2, schedule: "1f1b", share: 0.5 }).devices[0]?.computed).toBeCloseTo(13 + 2, 9);
  });
});

it("a wavefront's pieces are pieces of time: what begins late has nothing to do before", () => {
  const profile = profileOf([{ forward: 4, inputGradient: 4, weightGradient: 4 }, { forward: 2, inputGradient: 2, weightGradient: 2, vocabulary: true, begins: 0.5 }]);
  const layout = { ...ONE, vocabulary: 2, schedule: "wavefront-2014", chunks: 4, share: 0 } as const;
  const [body, shard] = simulate(profile, layout).devices;
  expect(shard?.actions.map(({ start, end }) => end - start)).toEqual([0, 0, 1, 1, 2, 2, 0, 0]);
  expect(shard?.actions[2]?.start).toBe(3); // the third piece of the body's forward pass is over
  expect(body?.computed).toBe(4 + 1 + 2 + 8); // the last piece goes through the shard and back before the body's gradients begin
  const dropped = simulate(profile, { ...layout, logits: "dropped" }).devices[1];
  expect(dropped?.actions.map(({ start, end }) => end - start)).toEqual([0, 0, 3, 3, 0, 0, 0, 0]);
});

it("memory, by hand: two stages of 1F1B in two replicas", () => {
  const unit = { parameterBytes: 100, activationBytes: 30, outputBytes: 7 };
  const profile = profileOf([unit, unit, unit, { ...unit, outputBytes: 0 }]);
  const memory = pipelineMemory(profile, { ...ONE, replicas: 2, stages: 2, schedule: "1f1b", microBatches: 8 }, place(profile, { ...ONE, stages: 2 }));
  // Two units a stage; weights, gradients, half of two moments; two and one micro-batches in flight; one message in.
  expect(memory[0]).toEqual({ weights: 200, gradients: 200, moments: 200, activations: 2 * 60, received: 7 });
  expect(memory[1]).toEqual({ weights: 200, gradients: 200, moments: 200, activations: 60, received: 7 });
  expect(memory.map(memoryOf)).toEqual([727, 667]);
});

it("says why a layout is none", () => {
  const profile = profileOf([{}, {}, { vocabulary: true }]);
  expect(() => simulate(profile, { ...ONE, stages: 4, schedule: "1f1b" })).toThrow("4 stages need as many units; the costs state 3. Choose fewer stages or chunks.");
  expect(() => simulate(profile, { ...ONE, stages: 3, vocabulary: 2, schedule: "1f1b" })).toThrow("the costs state 2 without the vocabulary");
  expect(() => simulate(profileOf([{}]), { ...ONE, vocabulary: 2, schedule: "1f1b" })).toThrow("No vocabulary can be shared here");
  expect(() => simulate(profile, { ...ONE, replicas: 2, microBatches: 0.5 })).toThrow("2 replicas do not share 1 micro-batches a step");
  expect(() => simulate(profile, { ...ONE, vocabulary: 2, schedule: "zb-v" })).toThrow("zb-v has several stages on a device");
});

it("a step that is too long to be played is refused", () => {
  const profile = profileOf([{}, {}]);
  for (const schedule of ["wavefront-2014", "1f1b"] as const) expect(() => simulate(profile, { ...ONE, stages: 2, schedule, chunks: 2, microBatches: 1e9 })).toThrow("too long");
});
