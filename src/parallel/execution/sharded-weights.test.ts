import { expect, test } from "vitest";
import { onnx } from "../../engines/onnx/engine.ts";
import { normalInitializer } from "../../nn/initializer.ts";
import { Module, Parameter } from "../../nn/module.ts";
import { everyoneOf } from "../transport.ts";
import { runRanks } from "../transports/in-process.ts";
import { gatherSaved } from "./saved-pieces.ts";
import { ShardedWeights } from "./sharded-weights.ts";

/** Of one row, which two replicas cannot share. */
class Row extends Module {
  readonly weight = new Parameter([1, 3], normalInitializer(1));
}

test("a replica that has nothing to update does not say how far the optimiser is", async () => {
  const [saved] = await runRanks(2, async (transport) => {
    const engine = onnx({ threads: 1 });
    const model = new Row().seed(1);
    const optimizer = { kind: "adam", learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
    const weights = await ShardedWeights.compile(engine, engine.createState(), model, [model.parameters()], await everyoneOf(transport), { optimizer, averages: false });
    for (let step = 0; step < 3; step++) {
      weights.beginStep();
      weights.gradientOf("weight").fill(1);
      await weights.reduceGradients();
      await weights.apply(1, 0.1, 1);
    }
    return gatherSaved(transport, weights, false);
  });
  expect(saved?.optimizer.get("adam.steps")?.data).toEqual(Float32Array.of(3));
  expect([...saved?.optimizer.keys() ?? []]).toEqual(["adam.mean.weight", "adam.square.weight", "adam.steps"]);
});
