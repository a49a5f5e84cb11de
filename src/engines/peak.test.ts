import { expect, test } from "vitest";
import { float32 } from "../graph/program.ts";
import { onnx } from "./onnx/engine.ts";
import { peakFlops } from "./peak.ts";
import { reference } from "./reference/engine.ts";

test("is what the engine's products reach at their best", async () => {
  const engine = onnx({ threads: 1 });
  const peak = await peakFlops(engine);
  // Nothing else is faster, but for what other programs took from the measurement; a thin product is slower.
  const program = await engine.compile({ a: float32(1, 512), b: float32(512, 512) }, ({ a, b }) => ({ y: a.matmul(b) }));
  const feeds = { a: { data: new Float32Array(512), shape: [1, 512] }, b: { data: new Float32Array(512 * 512), shape: [512, 512] } };
  await program.run(feeds);
  const started = performance.now();
  for (let run = 0; run < 10; run++) await program.run(feeds);
  expect(peak).toBeGreaterThan((10 * 2 * 512 * 512 * 1000) / (performance.now() - started));
  expect(peak).toBeLessThan(1e13);
  await program.dispose();
});

test("a slow engine is not asked for large products", async () => {
  const started = performance.now();
  const slow = await peakFlops(reference());
  expect(slow).toBeGreaterThan(1e6);
  expect(performance.now() - started).toBeLessThan(5_000);
  expect(slow).toBeLessThan(await peakFlops(onnx({ threads: 1 })));
});
