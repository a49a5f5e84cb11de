import fc from "fast-check";
import { expect, it } from "vitest";
import { profileOf, someLayout } from "./fixtures/profiles.ts";
import { devicesOf, formatLayout, parseLayout } from "./layout.ts";

const context = { devices: 8, microBatches: 16, time: 54 };

it("a layout's name is read as the layout", () => {
  const profile = profileOf([...Array.from({ length: 8 }, () => ({})), { vocabulary: true }]);
  fc.assert(fc.property(someLayout(profile), (layout) => {
    const whole = layout.stages === 1 && layout.vocabulary === 1;
    const usual = whole ? { ...layout, schedule: "none" as const, chunks: 1 } : layout;
    const { logits, ...rest } = usual;
    const expected = whole || logits === undefined ? rest : usual;
    expect(parseLayout(formatLayout(expected), context)).toEqual(expected);
  }), { numRuns: 500 });
});

it("short names use all devices", () => {
  for (const name of ["2014", "data", "pipeline", "vocabulary"]) expect(devicesOf(parseLayout(name, context))).toBe(8);
  expect(formatLayout(parseLayout("2014", context))).toBe("stages=4,vocabulary=5,schedule=wavefront-2014,chunks=54,share=0,logits=dropped,micro-batches=16");
  expect(formatLayout(parseLayout("data", context))).toBe("replicas=8,micro-batches=2");
  expect(formatLayout(parseLayout("pipeline", context))).toBe("stages=8,schedule=1f1b,micro-batches=16");
  expect(() => parseLayout("2014", { ...context, devices: 7 })).toThrow("half to the vocabulary; 7 is odd");
});

it("says what is wrong with a name", () => {
  expect(() => parseLayout("zigzag", context)).toThrow('There is no layout "zigzag"; expected is 2014, data, pipeline, vocabulary, or such as replicas=2');
  expect(() => parseLayout("stages=0", context)).toThrow("has stages=0; expected is a whole number of at least 1");
  expect(() => parseLayout("stages=2,schedule=2f2b", context)).toThrow('has the schedule "2f2b"; the schedules are none, gpipe');
  expect(() => parseLayout("stages=2,stages=3", context)).toThrow("gives stages twice");
  expect(() => parseLayout("vocabulary=2,share=2", context)).toThrow("has share=2; expected is a part of the vocabulary, 0 to 1");
  expect(() => parseLayout("stages=2,share=0.5", context)).toThrow('The layout "stages=2,share=0.5" gives share, but shares no vocabulary; give vocabulary=2 or more.');
  expect(() => parseLayout("stages=2,chunks=7", context)).toThrow("gives chunks, which the schedule 1f1b does not have; give schedule=interleaved-1f1b or wavefront-2014.");
  expect(() => parseLayout("replicas=8,schedule=zb-h1", context)).toThrow("gives the schedule zb-h1, but cuts no model; give stages or vocabulary.");
});
