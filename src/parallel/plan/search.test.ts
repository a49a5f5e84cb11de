import fc from "fast-check";
import { expect, it } from "vitest";
import { costProfileSchema, type CostProfile } from "../cost-profile.ts";
import { scheduleNames } from "../schedules/generators.ts";
import { profileOf, someLink, someProfile } from "./fixtures/profiles.ts";
import { devicesOf, type Layout } from "./layout.ts";
import { searchLayouts } from "./search.ts";
import { simulate, type Simulation } from "./simulate.ts";

/** Every layout that can be played, by trying all. */
function everyLayout(profile: CostProfile, devices: number, microBatches: number): Simulation[] {
  const upTo = (most: number): number[] => Array.from({ length: most }, (_, at) => at + 1);
  return upTo(devices).flatMap((replicas) => upTo(devices).flatMap((stages) => upTo(devices).flatMap((vocabulary) => (
    scheduleNames.filter((name) => name !== "wavefront-2014").flatMap((schedule) => upTo(schedule === "interleaved-1f1b" ? 8 : 1).flatMap((chunks) => {
      const layout: Layout = { replicas, stages, vocabulary, schedule, chunks, microBatches: microBatches / replicas };
      if (devicesOf(layout) !== devices) return [];
      try {
        return [simulate(profile, layout)];
      } catch {
        return [];
      }
    }))))));
}

it("finds what trying all layouts finds", () => {
  fc.assert(fc.property(someProfile(someLink), fc.constantFrom(2, 4, 6), fc.constantFrom(4, 12), (profile, devices, microBatches) => {
    const all = everyLayout(profile, devices, microBatches);
    fc.pre(all.length > 0);
    const [best] = searchLayouts({ profiles: [profile], devices, microBatches: [microBatches] }).layouts;
    expect(best?.simulation.stepSeconds).toBeCloseTo(Math.min(...all.map(({ stepSeconds }) => stepSeconds)), 9);
    // Half of what the fastest needs rules some out, and the rest are searched as before.
    const memory = (best?.simulation.peakMemoryBytes ?? 0) / 2;
    const fitting = all.filter(({ peakMemoryBytes }) => peakMemoryBytes <= memory);
    const [small] = searchLayouts({ profiles: [profile], devices, microBatches: [microBatches], memory }).layouts;
    expect(small === undefined).toBe(fitting.length === 0);
    if (small !== undefined) expect(small.simulation.stepSeconds).toBeCloseTo(Math.min(...fitting.map(({ stepSeconds }) => stepSeconds)), 9);
  }), { numRuns: 60 });
});

it("compares with the fastest way on one device, whatever the micro-batches", () => {
  const [large, small] = [profileOf([{ forward: 4 }]), { ...profileOf([{ forward: 3 }]), microBatch: { sequences: 2, tokens: 50 } }];
  // Two halves on two devices take 3 + 1 + 1 s instead of 4 + 1 + 1.
  const { layouts } = searchLayouts({ profiles: [large, small], devices: 2, microBatches: [1] });
  expect(layouts.map(({ name, speedup }) => [name, speedup])).toEqual([["replicas=2,micro-batches=1", 6 / 5]]);
});

it("says why no layout uses the devices", () => {
  expect(() => searchLayouts({ profiles: [profileOf([{}, {}])], devices: 7, microBatches: [4] })).toThrow(
    "No layout uses 7 devices: the replicas must divide the 4 micro-batches of a step, and a model of 2 units makes at most 2 stages.");
});

it("leaves out wavefronts that are too long to be played, and finds the rest", () => {
  const profile = { ...profileOf([{}, {}]), microBatch: { sequences: 1, tokens: 80_000 }, recurrent: true };
  const { layouts } = searchLayouts({ profiles: [profile], devices: 2, microBatches: [600] });
  expect(layouts.map(({ simulation }) => simulation.layout.stages).sort()).toEqual([1, 2]);
});

it("1,024 devices take seconds", () => {
  const unit = { inputGradient: 0.02, weightGradient: 0.02, forward: 0.02, update: 0.005, parameterBytes: 7.2e9, activationBytes: 1.7e9, outputBytes: 5e7 };
  const gpt = costProfileSchema.parse({
    description: "96 layers of 12,288", device: { name: "none" }, link: { bandwidth: 5e10, latency: 1e-5 }, microBatch: { sequences: 1, tokens: 2_048 },
    units: [...Array.from({ length: 97 }, (_, at) => ({ ...unit, name: `layer ${at}` })), { ...unit, name: "output", vocabulary: true }],
  });
  const { user } = process.cpuUsage();
  const { layouts, considered } = searchLayouts({ profiles: [gpt], devices: 1_024, microBatches: [1_536] });
  expect(process.cpuUsage().user - user).toBeLessThan(20e6); // microseconds; a tenth of that where the machine is idle
  expect(considered).toBeGreaterThan(1_000);
  expect(layouts[0]?.speedup).toBeGreaterThan(512);
  for (const { simulation } of layouts) expect(devicesOf(simulation.layout)).toBe(1_024);
});
