import fc from "fast-check";
import { describe, test } from "vitest";
import {
  conformanceCases, loopInComposite, nestedScan, polynomialShapes, requireAgreement, softmaxCase, trainingCase,
} from "./conformance.ts";
import { onnx } from "./onnx/engine.ts";
import { reference } from "./reference/engine.ts";

const cases = {
  ...conformanceCases,
  "nested scan": nestedScan,
  "a loop in a composite, and its gradient": loopInComposite,
  "gradients of a loop with attention": trainingCase,
  "shapes of sums and products": polynomialShapes,
  "fused softmax": softmaxCase("softmax"),
  "fused logSoftmax": softmaxCase("logSoftmax"),
};

/** A wrong value or shape here is a wrong lowering, or a wrong reference. */
describe.each([{ engine: onnx({ threads: 1 }) }])("$engine.name agrees with the reference", ({ engine }) => {
  const oracle = reference();
  test.each(Object.entries(cases))("%s", async (_name, arbitrary) => {
    await fc.assert(fc.asyncProperty(arbitrary, async (example) => requireAgreement(engine, oracle, example)), { numRuns: 60 });
  });
});
