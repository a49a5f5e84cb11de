import { expect, test } from "vitest";
import type { Engine, NumericArray } from "./engine.ts";
import { onnx } from "./onnx/engine.ts";
import { peakFlops } from "./peak.ts";
import { reference } from "./reference/engine.ts";

/** The time that products take on an engine which computes so many operations a second in those of squares of a side. */
class Stopwatch {
  readonly sides: number[] = [];
  #milliseconds = 0;

  constructor(readonly flops: (side: number) => number) {}

  readonly now = (): number => this.#milliseconds;

  timed(): Engine {
    const engine = reference();
    return {
      name: "timed", createState: () => engine.createState(),
      compile: async (feeds, build, options) => {
        const program = await engine.compile(feeds, build, options);
        const run: typeof program.run = (values) => {
          const side = Object.values<NumericArray>(values)[0]?.shape[0] ?? NaN;
          this.sides.push(side);
          this.#milliseconds += (1000 * 2 * 2 * side ** 3) / this.flops(side); // two products
          return program.run(values);
        };
        return { state: program.state, run, dispose: () => program.dispose() };
      },
    };
  }
}

test("is what the engine's products reach at their best", async () => {
  const stopwatch = new Stopwatch((side) => (side === 128 ? 0.8e9 : 0.6e9));
  // Three products of 256 would take 336 of the milliseconds that are left.
  expect(await peakFlops(stopwatch.timed(), 250, stopwatch.now)).toBeCloseTo(0.8e9, -1);
  expect(stopwatch.sides).toEqual([64, 64, 64, 128, 128, 128]);
});

test("a slow engine is not asked for large products", async () => {
  // Three products of 64 take 126 ms; three of 128 would take 1,007.
  const stopwatch = new Stopwatch(() => 25e6);
  expect(await peakFlops(stopwatch.timed(), 250, stopwatch.now)).toBeCloseTo(25e6, -1);
  expect(stopwatch.sides).toEqual([64, 64, 64]);
});

test("is measured of the engines that there are", async () => {
  for (const engine of [onnx({ threads: 1 }), reference()]) {
    const peak = await peakFlops(engine);
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(1e13); // no core computes as much
  }
});
