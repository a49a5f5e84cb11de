import { expect, test } from "vitest";
import { reference } from "../engines/reference/engine.ts";
import { constantInitializer } from "../nn/initializer.ts";
import { Module, Parameter } from "../nn/module.ts";
import { ownVariable, slopes } from "./optimizer.ts";
import { sgd } from "./sgd.ts";

class Pair extends Module {
  readonly unused = new Parameter([2], constantInitializer(5));
  readonly left = new Parameter([2], constantInitializer(3));
  readonly right = new Parameter([2], constantInitializer(7));
}

test("each parameter comes with its own derivative, zero where the loss does not depend on it", async () => {
  const model = new Pair().seed(1);
  const pairs = slopes(model.left.tensor.multiply(model.right.tensor).sum(), model.parameters());
  expect(pairs.map(({ variable }) => variable.name)).toEqual(["unused", "left", "right"]);
  const program = await reference().compile({}, () => ({ updates: sgd({ learningRate: 1 }).update(pairs) }));
  await program.run({});
  expect(model.parameters().map(({ name }) => [...program.state.read(name)])).toEqual([[5, 5], [3 - 7, 3 - 7], [7 - 3, 7 - 3]]);
});

test("an optimiser's own variable begins with zeros of its shape", () => {
  const own = ownVariable("adam.mean.w", [2, 3]);
  expect(own).toMatchObject({ name: "adam.mean.w", shape: [2, 3], dtype: "float32" });
  expect([...own.initialize()]).toEqual([0, 0, 0, 0, 0, 0]);
});
