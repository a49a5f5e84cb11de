import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withCommunication } from "./communication.ts";
import { formatAction, isComputation, ScheduleError, stageDevices, type Action, type PipelineSchedule, type ScheduleSize } from "./schedule.ts";
import { parseScheduleCsv, writeScheduleCsv } from "./schedule-csv.ts";
import { generateSchedule, scheduleBubble, scheduleNames, type ScheduleName } from "./schedules/generators.ts";
import { playSchedule } from "./timeline.ts";
import { validateSchedule } from "./validate.ts";

/** Sizes at which a schedule can be made: interleaving wants groups of one micro-batch a device, a V enough to fill it. */
const sized: fc.Arbitrary<{ name: ScheduleName; size: ScheduleSize }> = fc.record({
  name: fc.constantFrom(...scheduleNames),
  devices: fc.integer({ min: 1, max: 8 }), microBatches: fc.integer({ min: 1, max: 24 }), chunks: fc.integer({ min: 1, max: 4 }),
}).map(({ name, devices, microBatches, chunks }) => {
  const fitting = name === "interleaved-1f1b" ? Math.max(1, Math.floor(microBatches / devices)) * devices
    : name === "zb-v" ? Math.max(microBatches, 2 * devices - 1) : microBatches;
  return { name, size: { devices, microBatches: fitting, chunks } };
});

const scheduled = sized.map(({ name, size }) => generateSchedule(name, size));
const runs = { numRuns: 1_000 };

describe("every schedule", () => {
  it("has no bubble below zero, also where times are no whole numbers", () => {
    fc.assert(fc.property(scheduled, fc.double({ min: 0.01, max: 1, noNaN: true }), (schedule, time) => {
      const computation = (kind: string, stage: number): number => time * (kind === "F" ? 0.1 : 0.7) + stage / 3;
      expect(playSchedule(schedule, { computation, transfer: () => 0 }).bubble).toBeGreaterThanOrEqual(0);
    }), { numRuns: 200 });
  });

  it("does everything once and ends, also with its messages", () => {
    fc.assert(fc.property(scheduled, (schedule) => {
      validateSchedule(schedule);
      validateSchedule(withCommunication(schedule));
    }), runs);
  });

  it("has the bubble of its closed form", () => {
    fc.assert(fc.property(sized.filter(({ name, size }) => name !== "zb-h1" || size.microBatches >= size.devices), ({ name, size }) => {
      expect(playSchedule(generateSchedule(name, size)).bubble).toBeCloseTo(scheduleBubble(name, size) ?? NaN, 10);
    }), runs);
  });

  it("states no closed form of ZB-H1 with fewer micro-batches than devices", () => {
    expect(scheduleBubble("zb-h1", { devices: 4, microBatches: 3, chunks: 1 })).toBeUndefined();
  });

  it("takes no longer on two devices than a forward pass and a backward pass through the slower of them, and what overlaps", () => {
    // By hand, forward 1 and backward 2, stage 1 twice as slow: F 1, then 2 micro-batches of 6, then the first stage's B.
    const costs = { computation: (kind: string, stage: number) => (kind === "B" ? 2 : 1) * (stage + 1), transfer: () => 0 };
    expect(playSchedule(generateSchedule("1f1b", { devices: 2, microBatches: 2, chunks: 1 }), costs).span).toBe(1 + 12 + 2);
    expect(playSchedule(generateSchedule("none", { devices: 2, microBatches: 2, chunks: 1 }), costs).span).toBe(2 * 9);
  });

  it("is written and read again", () => {
    fc.assert(fc.property(scheduled, fc.boolean(), (bare, messages) => {
      const schedule = { ...(messages ? withCommunication(bare) : bare), recurrent: false };
      expect(parseScheduleCsv(writeScheduleCsv(schedule), schedule.name)).toEqual(schedule);
    }), { numRuns: 300 });
  });

  it("is refused with an action left out, doubled, or on another device", () => {
    fc.assert(fc.property(scheduled, fc.nat(), fc.constantFrom("drop", "double", "move"), (schedule, at, how) => {
      const device = at % schedule.devices.length;
      const actions = schedule.devices[device] ?? [];
      const place = at % actions.length;
      const chosen = actions[place];
      if (chosen === undefined || (how === "move" && schedule.devices.length === 1)) return;
      const other = (device + 1) % schedule.devices.length;
      const devices = schedule.devices.map((list, which) => {
        if (which === device && how !== "double") return list.toSpliced(place, 1);
        if (which === device || (how === "move" && which === other)) return [...list, chosen];
        return list;
      });
      expect(() => validateSchedule({ ...schedule, devices })).toThrow(ScheduleError);
    }), { numRuns: 300 });
  });
});

it("activations: GPipe holds all, 1F1B p - r, the zero-bubble schedules as many stages' worth as 1F1B's first device", () => {
  const peaks = (name: ScheduleName): readonly number[] => playSchedule(generateSchedule(name, { devices: 4, microBatches: 12, chunks: 2 })).peakActivations;
  expect(peaks("gpipe")).toEqual([12, 12, 12, 12]);
  expect(peaks("1f1b")).toEqual([4, 3, 2, 1]);
  expect(peaks("zb-h1")).toEqual([4, 4, 4, 4]);
  expect(peaks("zb-v")).toEqual([8, 8, 8, 8]); // of half stages
});

it("ZB-V puts the first and the last stage on one device", () => {
  expect(stageDevices(generateSchedule("zb-v", { devices: 3, microBatches: 6, chunks: 2 }))).toEqual([0, 1, 2, 2, 1, 0]);
});

it("the layout of 2014 hands states on: a chunk waits for the one before, its gradients for those of the one after", () => {
  const schedule = generateSchedule("wavefront-2014", { devices: 2, microBatches: 2, chunks: 1 });
  expect(schedule.devices.map((actions) => actions.map(formatAction))).toEqual([["0F0", "0F1", "0B1", "0B0"], ["1F0", "1F1", "1B1", "1B0"]]);
  expect(() => playSchedule({ ...schedule, devices: [swap(schedule.devices[0] ?? [], 2), schedule.devices[1] ?? []] })).toThrow(/never ends/);
});

it("transfers delay what crosses devices, and nothing else", () => {
  const costs = { computation: () => 1, transfer: () => 3 };
  expect(playSchedule(generateSchedule("gpipe", { devices: 2, microBatches: 1, chunks: 1 }), costs).span).toBe(1 + 3 + 1 + 1 + 3 + 1);
  const explicit = withCommunication(generateSchedule("gpipe", { devices: 2, microBatches: 1, chunks: 1 }));
  expect(playSchedule(explicit, costs).span).toBe(1 + 3 + 1 + 1 + 3 + 1);
});

it("a busy link makes the next message wait", () => {
  // Two forwards of 1 s leave at 1 and 2; each message takes 3 s of its link and 1 s more to come: they arrive at 5 and 8.
  const costs = { computation: (kind: string, stage: number) => (kind === "F" ? 1 : stage), transfer: (way: string) => (way === "F" ? 4 : 0), occupancy: (way: string) => (way === "F" ? 3 : 0) };
  const { devices } = playSchedule(generateSchedule("gpipe", { devices: 2, microBatches: 2, chunks: 1 }), costs);
  expect(devices[1]?.slice(0, 2).map(({ start, end }) => [start, end])).toEqual([[5, 6], [8, 9]]);
});

it("a thousand devices are played in seconds", () => {
  const schedule = generateSchedule("1f1b", { devices: 1_024, microBatches: 256, chunks: 1 });
  const { user } = process.cpuUsage();
  expect(playSchedule(schedule).bubble).toBeCloseTo(1_023 / 256, 10);
  expect(process.cpuUsage().user - user).toBeLessThan(5e6); // microseconds; a tenth of that where the machine is idle
});

it("has no limit of devices but memory", () => {
  const schedule = generateSchedule("gpipe", { devices: 130_000, microBatches: 1, chunks: 1 });
  expect(playSchedule(schedule).bubble).toBeCloseTo(129_999, 5);
});

it("names who waits for whom where devices block each other", () => {
  const read = (text: string): PipelineSchedule => parseScheduleCsv(text, "mine.csv");
  expect(() => validateSchedule(read("0F0,0B0\n1B0,1F0\n"))).toThrow(
    'The schedule "mine.csv" never ends: device 0 waits with 0B0 for 1I0 or 1B0; device 1 waits with 1B0 for 1F0.');
  expect(() => validateSchedule(read("0F0,0B0\n1F0\n"))).toThrow('The schedule "mine.csv" lacks 1I0.');
  expect(() => validateSchedule(read("0F0,0B0,1F0\n1B0\n"))).toThrow("Devices 0 and 1 both work on stage 1");
  expect(() => validateSchedule(read("0F0,0B0\n1F0,1RECV_F0,1B0\n"))).toThrow(ScheduleError);
  expect(() => read("0F0,oops\n")).toThrow('has "oops" in line 1, cell 2');
  expect(() => read("\n")).toThrow("is empty");
  expect(() => read("99999999F0,0B0\n")).toThrow("names stages up to 99999999 and micro-batches up to 0, but has only 2 actions");
});

it("is not written where that is much longer than the schedule", () => {
  expect(() => writeScheduleCsv(generateSchedule("none", { devices: 600, microBatches: 100, chunks: 1 }))).toThrow(
    'The schedule "none" has 71820300 cells, with those in which devices wait; at most 50000000 can be written.');
});

it("says why a size does not fit", () => {
  expect(() => generateSchedule("interleaved-1f1b", { devices: 4, microBatches: 6, chunks: 2 })).toThrow("6 is no multiple of 4");
  expect(() => generateSchedule("zb-v", { devices: 4, microBatches: 6, chunks: 2 })).toThrow("at least 2 p - 1 micro-batches, 7 for 4 devices; received 6");
  expect(() => generateSchedule("gpipe", { devices: 0, microBatches: 6, chunks: 2 })).toThrow("at least 1; received 0");
  expect(() => generateSchedule("1f1b", { devices: 100_000, microBatches: 100_000, chunks: 1 })).toThrow("is too long");
});

it("messages: each border is crossed once a way and micro-batch", () => {
  fc.assert(fc.property(scheduled, (schedule) => {
    const sent = withCommunication(schedule).devices.flat().filter((action) => !isComputation(action));
    const places = stageDevices(schedule);
    const borders = places.filter((device, stage) => stage > 0 && device !== places[stage - 1]).length;
    expect(sent).toHaveLength(4 * borders * schedule.microBatches);
  }), { numRuns: 200 });
});

function swap(actions: readonly Action[], at: number): Action[] {
  return [...actions.slice(0, at), ...actions.slice(at, at + 2).reverse(), ...actions.slice(at + 2)];
}
