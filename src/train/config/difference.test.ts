import { expect, test } from "vitest";
import { resumedUnder } from "./difference.ts";
import { resolveRun } from "./config.ts";

function config(training: object, model: object = {}) {
  return resolveRun({
    name: "run",
    data: { kind: "tsv", file: "pairs.tsv" },
    tokenizer: { kind: "character" },
    model: { kind: "seq2seq-lstm", hidden: 8, ...model },
    training,
  });
}

test("the same configuration goes unmentioned", () => {
  expect(resumedUnder(config({ epochs: 2 }), config({ epochs: 2 }))).toBeUndefined();
});

test("a longer training is named", () => {
  expect(resumedUnder(config({ epochs: 2 }), config({ epochs: 3 })))
    .toBe("Resumed under a changed configuration: training.epochs was 2 and is now 3.");
  expect(resumedUnder(config({ epochs: 2 }), config({ steps: 9 })))
    .toBe("Resumed under a changed configuration: training.epochs was 2 and is now absent; training.steps was absent and is now 9.");
});

test("dropout may change, for it has no weights", () => {
  expect(resumedUnder(config({}), config({}, { dropout: 0.1 })))
    .toBe("Resumed under a changed configuration: model.dropout was 0 and is now 0.1.");
});

test("another model is refused", () => {
  expect(() => resumedUnder(config({}), config({}, { hidden: 16 }))).toThrow("model.hidden was 8 and is now 16; a run keeps it for life.");
});
