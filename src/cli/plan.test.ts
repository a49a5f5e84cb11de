/** What `decade plan` prints, by costs that are stated. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { profileOf } from "../parallel/plan/fixtures/profiles.ts";
import { lastLine, Workplace } from "./fixtures/command-line.ts";

interface Plan {
  readonly devices: number;
  readonly considered: number;
  readonly tooLarge: number;
  readonly layouts: readonly { name: string; speedup: number; bubble: number; peakMemoryMiB: number; tokensPerSecond: number }[];
  readonly chosen: string;
  readonly best?: string;
}

const history = fileURLToPath(new URL("../../examples/sutskever-2014.config.ts", import.meta.url));
let place: Workplace;
let costs: string;
beforeAll(async () => {
  place = await Workplace.create();
  const layer = { parameterBytes: 2 ** 20, activationBytes: 2 ** 20, outputBytes: 2 ** 10 };
  costs = await place.write("four.json", JSON.stringify(profileOf([layer, layer, layer, layer], { link: { bandwidth: 2 ** 30, latency: 1e-5 } })));
});
afterAll(() => place.remove());

async function plan(...args: string[]): Promise<Plan> {
  const { out, err, code } = await place.decade("plan", ...args, "--json");
  expect(err).toBe("");
  expect(code).toBe(0);
  return lastLine(out) as Plan;
}

describe("plan", () => {
  it("ranks layouts by tokens a second and chooses the first", async () => {
    const { devices, layouts, chosen, considered, tooLarge } = await plan(costs, "--devices", "4", "--micro-batches", "8");
    expect(devices).toBe(4);
    expect(tooLarge).toBe(0);
    expect(considered).toBeGreaterThan(layouts.length);
    expect(layouts[0]?.name).toBe(chosen);
    const speeds = layouts.map(({ tokensPerSecond }) => tokensPerSecond);
    expect(speeds).toEqual(speeds.toSorted((a, b) => b - a));
    expect(layouts[0]).toEqual({
      name: "replicas=4,micro-batches=2", speedup: expect.closeTo(4, 1) as unknown, bubble: 0, peakMemoryMiB: 4 * (1 + 1 + 2 / 4 + 1),
      tokensPerSecond: expect.closeTo(8 * 100 / 24, 0) as unknown, stepSeconds: expect.closeTo(24, 1) as unknown, microBatches: 8, sequences: 4,
    });
  });

  it("explains the choice, and what else there is", async () => {
    const { out } = await place.decade("plan", costs, "--devices", "4", "--micro-batches", "8");
    expect(out).toContain("A step is 8 micro-batches of 4 sequences and 100 tokens.");
    expect(out).toMatch(/Chosen: replicas=4,micro-batches=2, 4 replicas, data parallelism alone: 4\.00 times one device; 0\.\d % of a step exchanges gradients and weights, while /);
    expect(out).toMatch(/^replicas=4,micro-batches=2 +33 +4\.00 +0\.0 % +14 +4$/m);
  });

  it("says how to train under the fastest layout that training knows", async () => {
    const { out } = await place.decade("plan", costs, "--devices", "8", "--micro-batches", "8", "--memory", "8");
    expect(out).toMatch(/^To train under replicas=2,stages=4,schedule=(\S+),micro-batches=4, \d\.\d\d times one device, with batches of 4 sequences: mpirun -n 8 decade train \S+ --set parallel\.stages=4 --set parallel\.schedule=\1 --set parallel\.costs=(\S+) --set training\.accumulate=8$/m);
    expect(out).toContain(` --set parallel.costs=${costs} `);
    expect((await place.decade("plan", costs, "--devices", "2", "--micro-batches", "8")).out).toMatch(/^To train under replicas=2.* --set training\.accumulate=8$/m);
  });

  it("leaves out what does not fit, and says how many", async () => {
    const { layouts, tooLarge } = await plan(costs, "--devices", "4", "--micro-batches", "8", "--memory", "8");
    expect(tooLarge).toBeGreaterThan(0);
    for (const { peakMemoryMiB } of layouts) expect(peakMemoryMiB).toBeLessThanOrEqual(8);
    const { out } = await place.decade("plan", costs, "--devices", "4", "--micro-batches", "8", "--memory", "8");
    expect(out).toContain("data parallelism alone does not fit: it needs 14 MiB a device");
    const { err, code } = await place.decade("plan", costs, "--devices", "4", "--memory", "2");
    expect(code).toBe(1);
    expect(err).toMatch(/^decade: None of the \d+ layouts of 4 devices fits in 2 MiB; the one that needs least needs 5\.01 MiB a device\.\n$/);
  });

  it("searches the micro-batches where costs alone are given", async () => {
    const { out } = await place.decade("plan", costs, "--devices", "4");
    expect(out).toContain("A step is 4, 8, 16 micro-batches (searched; --micro-batches sets it) of 4 sequences");
  });

  it("draws the timeline of the chosen layout", async () => {
    const svg = place.path("plan.svg");
    await plan(costs, "--devices", "4", "--micro-batches", "8", "--layout", "pipeline", "--svg", svg);
    const text = await readFile(svg, "utf8");
    for (const part of ["device 0", "device 3", "forward", "gradients", "one step of 8 micro-batches", ">7<"]) expect(text).toContain(part);
  });

  it("takes a configuration's micro-batches, and its costs from beside it or from anywhere", async () => {
    const missing = await place.decade("plan", place.path("toy.json"), "--devices", "2");
    expect(missing.code).toBe(1);
    expect(missing.err).toBe(`decade: It is not known what ${place.path("toy.json")} costs: run \`decade profile ${place.path("toy.json")} --output ${place.path("toy.costs.json")}\`, or give a file with --costs.\n`);
    await place.write("many.json", JSON.stringify({ ...place.toyConfig(), training: { ...place.toyConfig().training, accumulate: 6 } }));
    await place.write("many.costs.json", await readFile(costs, "utf8"));
    expect((await plan(place.path("many.json"), "--devices", "2")).chosen).toBe("replicas=2,micro-batches=3");
    expect((await plan(place.path("toy.json"), "--devices", "2", "--costs", costs, "--micro-batches", "2")).chosen).toBe("replicas=2,micro-batches=1");
    const few = await place.decade("plan", place.path("toy.json"), "--devices", "2", "--costs", costs);
    expect(few.out).toContain("set training.accumulate to 2 or more, with smaller batches, or try --micro-batches");
  });

  it("says in a sentence what cannot be", async () => {
    const problem = async (...args: string[]): Promise<string> => {
      const { code, err } = await place.decade("plan", ...args);
      expect(code).toBe(1);
      return err;
    };
    expect(await problem(costs, "--devices", "4", "--layout", "zigzag")).toContain('There is no layout "zigzag"; expected is 2014, data');
    expect(await problem(costs, "--devices", "4", "--layout", "stages=2")).toBe('decade: The layout "stages=2" uses 2 devices; --devices says 4.\n');
    expect(await problem(costs, "--devices", "8", "--layout", "pipeline")).toContain("8 stages need as many units; the costs state 4");
    expect(await problem(costs, "--devices", "7", "--micro-batches", "8")).toContain("No layout uses 7 devices");
    expect(await problem(costs, "--devices", "4", "--layout", "data", "--micro-batches", "6")).toContain("4 replicas do not share 6 micro-batches a step");
    expect(await problem(place.path("none.json"), "--devices", "4")).toContain("There is no file");
    expect(await problem(place.path("toy.json"), "--devices", "4", "--costs", place.path("none.json"))).toContain("There is no file of costs");
    const wrong = await place.write("wrong.costs.json", JSON.stringify({ units: [] }));
    expect(await problem(wrong, "--devices", "4")).toContain(`${wrong} states no costs: `);
  });
});

describe("2014", () => {
  it("one GPU makes the 1,700 words a second that the costs are derived from", async () => {
    const { layouts } = await plan(history, "--devices", "1", "--layout", "data");
    expect(layouts[0]?.tokensPerSecond).toBeCloseTo(1_700, 6);
  });

  it("eight GPUs of the paper's layout make its 6,300 words a second within a tenth, and the best layout more", async () => {
    const { layouts, chosen, best } = await plan(history, "--devices", "8", "--layout", "2014");
    expect(chosen).toBe("2014");
    const [paper, other] = layouts;
    expect(Math.abs((paper?.tokensPerSecond ?? 0) / 6_300 - 1)).toBeLessThan(0.1);
    expect(other?.name).toBe(best);
    expect(other?.speedup).toBeGreaterThan(paper?.speedup ?? Infinity);
  });
});
