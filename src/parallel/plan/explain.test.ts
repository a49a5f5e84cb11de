import { expect, it } from "vitest";
import { planNamedLayout } from "./explain.ts";
import { profileOf } from "./fixtures/profiles.ts";
import { parseLayout } from "./layout.ts";

it("plans a wavefront only of a model whose batches can pass in pieces of time", () => {
  const profile = profileOf([{}, {}, {}, {}, { vocabulary: true }]);
  const planned = (recurrent: boolean) => planNamedLayout((context) => parseLayout("2014", { devices: 8, ...context }), "2014", [{ ...profile, recurrent }], [1]);
  expect(() => planned(false)).toThrow('The layout "2014" passes batches in pieces of time, and the costs do not say that the model allows that');
  expect(planned(true).simulation.layout).toMatchObject({ stages: 4, schedule: "wavefront-2014" });
});
