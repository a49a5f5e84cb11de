// A model of one's own, which learns whether points lie inside a circle: node --import jiti/register examples/classifier.ts
import { adam, crossEntropy, float32, int32, Linear, Module, onnx, slopes, uniform, type Tensor } from "decade";

class Classifier extends Module {
  readonly hidden = new Linear(2, 32);
  readonly output = new Linear(32, 2);

  forward(points: Tensor): Tensor {
    return this.output.forward(this.hidden.forward(points).relu()); // [batch, 2]
  }
}

function makeBatch(number: number) {
  const size = 1024;
  const points = Float32Array.from({ length: 2 * size }, (_, i) => 2 * uniform(number, i) - 1);
  const inside = Int32Array.from({ length: size }, (_, i) => Number(Math.hypot(points[2 * i] ?? 0, points[2 * i + 1] ?? 0) < 0.7));
  return { x: { data: points, shape: [size, 2] }, y: { data: inside, shape: [size] } };
}

const model = new Classifier().seed(1);
const step = await onnx().compile({ x: float32("batch", 2), y: int32("batch") }, ({ x, y }) => {
  const logits = model.forward(x);
  const loss = crossEntropy(logits, y);
  const updates = adam({ learningRate: 1e-2 }).update(slopes(loss, model.parameters()));
  const right = logits.argmax(-1).equal(y).cast("float32").mean();
  return { loss, right, updates };
});
for (let i = 1; i <= 500; i++) {
  const { loss, right } = await step.run(makeBatch(i));
  if (i % 100 === 0) console.log(`step ${i}: loss ${loss.data[0]?.toFixed(3)}, right ${(100 * (right.data[0] ?? 0)).toFixed(1)} %`);
}
await step.dispose();
