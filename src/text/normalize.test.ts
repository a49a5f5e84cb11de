import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { normalizeText } from "./normalize.ts";

test("the two ways to write é become one string", () => {
  expect(normalizeText("cafe\u0301")).toBe("caf\u00e9");
  expect(normalizeText("caf\u00e9", "NFD")).toBe("cafe\u0301");
  expect(normalizeText("\ufb01n", "NFKC")).toBe("fin");
  expect(normalizeText("\ufb01n")).toBe("\ufb01n");
});

test.prop([fc.string({ unit: "binary" })])("normalising twice changes nothing more", (text) => {
  expect(normalizeText(normalizeText(text))).toBe(normalizeText(text));
});
