import { describe, expect, it } from "vitest";
import { nearest, suggestion } from "./suggest.ts";

describe("nearest", () => {
  it.each([
    ["epoch", ["epochs", "steps"], "epochs"],
    ["hiden", ["layers", "hidden"], "hidden"],
    ["learningrate", ["learningRate", "momentum"], "learningRate"],
    ["zzzzz", ["layers", "hidden"], undefined],
    ["anything", [], undefined],
  ])("finds for %s among %j: %s", (name, known, expected) => {
    expect(nearest(name, known)).toBe(expected);
  });
});

describe("suggestion", () => {
  it("names the nearest, else everything known", () => {
    expect(suggestion("epoch", ["epochs", "steps"])).toBe('did you mean "epochs"?');
    expect(suggestion("qqq", ["epochs", "steps"])).toBe('the known ones are "epochs", "steps".');
    expect(suggestion("qqq", [])).toBe("no field is expected here.");
  });
});
