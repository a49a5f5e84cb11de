import fc from "fast-check";
import { expect, it } from "vitest";
import { parallelSchema } from "../../train/config/parallel.ts";
import { layoutOf } from "../execution/layout.ts";
import { profileOf, someLayout } from "./fixtures/profiles.ts";
import { devicesOf, devicesOfReplica, stagesOfModel } from "./layout.ts";
import { trainingFields } from "./trained.ts";

it("a training under a layout's fields has the layout that was simulated", () => {
  const profile = profileOf([...Array.from({ length: 8 }, () => ({})), { vocabulary: true }]);
  fc.assert(fc.property(someLayout(profile), (layout) => {
    const { replicas, stages, vocabulary, microBatches, chunks } = layout;
    const trained = layoutOf(devicesOf(layout), replicas * microBatches, parallelSchema.parse(trainingFields(layout)));
    expect(trained).toMatchObject({ replicas, devices: devicesOfReplica(layout) });
    if (stages === 1 && vocabulary === 1) return;
    expect(trained).toMatchObject({ stages: stagesOfModel(layout), schedule: { name: layout.schedule } });
    expect(trained.schedule.microBatches).toBe(layout.schedule === "wavefront-2014" ? chunks : microBatches);
  }), { numRuns: 300 });
});
