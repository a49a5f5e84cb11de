import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StopText } from "./stop-text.ts";

const pieces = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 3 }), { maxLength: 12 });
const stops = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 4 }), { maxLength: 3 });

describe("stop texts", () => {
  test("cut the text where the first of them begins, however it is divided", () => {
    fc.assert(fc.property(pieces, stops, (parts, ends) => {
      const stop = new StopText(ends);
      let given = "";
      let read = "";
      for (const part of parts) {
        if (stop.found) break;
        given += stop.push(part);
        read += part;
      }
      if (!stop.found) given += stop.finish();
      const first = Math.min(...ends.map((end) => read.indexOf(end)).filter((at) => at >= 0));
      expect(stop.found).toBe(first < Infinity);
      expect(given).toBe(read.slice(0, first));
    }));
  });

  test("hold back no more than what may begin one", () => {
    const stop = new StopText(["\n\nEnd"]);
    expect([stop.push("Text\n"), stop.push("\n"), stop.push("\nEn"), stop.push("ter")]).toEqual(["Text", "", "\n", "\n\nEnter"]);
  });

  test("are never empty", () => expect(() => new StopText(["a", ""])).toThrow(/stop text is empty/));
});
