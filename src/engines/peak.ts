import { float32 } from "../graph/program.ts";
import type { Engine } from "./engine.ts";

/** Sides of the squares that are multiplied. The largest fit no processor's inner caches, but keep all of its cores busy. */
const SIDES = [64, 128, 256, 512, 1024];

/** Of one side; the first of them also makes room. */
const RUNS = 3;

/** Two products of one run, so that what a run costs besides hardly counts. */
const operations = (side: number): number => 2 * 2 * side ** 3;

/**
 * The most floating-point operations a second that an engine reaches in a product of square matrices, which is what it
 * does best. Sizes grow as long as they fit into so many milliseconds of the clock, about.
 */
export async function peakFlops(engine: Engine, milliseconds = 250, clock = (): number => performance.now()): Promise<number> {
  const program = await engine.compile({ a: float32("side", "side") }, ({ a }) => ({ corner: a.matmul(a).matmul(a).slice(0, 0, 1).slice(1, 0, 1) }));
  try {
    let [peak, left] = [0, milliseconds];
    for (const side of SIDES) {
      if (peak > 0 && (RUNS * operations(side)) / peak > left) break; // operations a millisecond
      const a = { data: Float32Array.from({ length: side * side }, (_, i) => Math.sin(i) / side), shape: [side, side] };
      for (let run = 0; run < RUNS && left > 0; run++) {
        const started = clock();
        await program.run({ a });
        const taken = clock() - started;
        left -= taken;
        peak = Math.max(peak, operations(side) / taken);
      }
    }
    return peak * 1000;
  } finally {
    await program.dispose();
  }
}
