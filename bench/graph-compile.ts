import { lowerProgram } from "../src/engines/onnx/lower.ts";
import { buildProgram, int32 } from "../src/graph/program.ts";
import { adam, slopes } from "../src/optim/index.ts";
import { buildModel } from "../src/train/run/open-run.ts";
import { modelConfig } from "./lstm-train.ts";

/** Seconds to build and lower the training step of the 2014 model: 4 + 4 layers of 1000 cells. */
export async function graphCompile() {
  const start = performance.now();
  const model = buildModel({ ...modelConfig({ layers: 4, hidden: 1000 }), bias: false, reverseSource: true }, 160_000, 80_000);
  const parameters = model.parameters();
  const program = buildProgram({
    source: int32("batch", "sourceTime"), sourceLengths: int32("batch"), targetInput: int32("batch", "targetTime"),
    targetOutput: int32("batch", "targetTime"), targetLengths: int32("batch"), seed: int32(),
  }, ({ seed, ...batch }) => {
    const { loss } = model.loss(batch, { labelSmoothing: 0, seed });
    return { loss, updates: adam({ learningRate: 1e-3 }).update(slopes(loss, parameters)) };
  });
  const built = performance.now();
  const { model: bytes } = lowerProgram(program);
  const end = performance.now();
  return {
    seconds: Math.round(end - start) / 1000,
    buildSeconds: Math.round(built - start) / 1000,
    lowerSeconds: Math.round(end - built) / 1000,
    modelBytes: bytes.length,
    parameters: parameters.reduce((sum, { size }) => sum + size, 0),
  };
}
