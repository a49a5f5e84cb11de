import type { Executable } from "../src/engines/engine.ts";
import { onnx } from "../src/engines/onnx/engine.ts";
import { float32 } from "../src/graph/program.ts";
import { median, timeCalls } from "./timing.ts";

/** One matrix product [rows, inner] x [inner, columns] that a training step does `count` times. */
export interface Product {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** Which operand the engine gets transposed. */
  readonly transposed?: "left" | "right";
  readonly count: number;
}

/** Floating-point operations of products. */
export function operations(products: readonly Product[]): number {
  return products.reduce((sum, { rows, inner, columns, count }) => sum + 2 * rows * inner * columns * count, 0);
}

/** The engine's own matrix products, one program a shape, ready to be timed beside something else. */
export class EngineMatmul {
  readonly #programs: { product: Product; program: Executable; feeds: Record<string, { data: Float32Array; shape: number[] }> }[] = [];

  async prepare(products: readonly Product[]): Promise<this> {
    const engine = onnx();
    for (const product of products) {
      const { rows, inner, columns, transposed } = product;
      const left = transposed === "left" ? [inner, rows] : [rows, inner];
      const right = transposed === "right" ? [columns, inner] : [inner, columns];
      // Only one number comes out, so that copying the product does not count.
      const program = await engine.compile({ a: float32(...left), b: float32(...right) }, ({ a, b }) => {
        const y = (transposed === "left" ? a.transpose() : a).matmul(transposed === "right" ? b.transpose() : b);
        return { corner: y.slice(0, 0, 1).slice(1, 0, 1) };
      });
      this.#programs.push({ product, program, feeds: { a: random(left), b: random(right) } });
    }
    return this;
  }

  /** Billions of operations a second over all products, each as often as it occurs. */
  async gflops(repeats: number): Promise<number> {
    let milliseconds = 0;
    for (const { product, program, feeds } of this.#programs) {
      milliseconds += product.count * median(await timeCalls(() => program.run(feeds), repeats));
    }
    return operations(this.#programs.map(({ product }) => product)) / milliseconds / 1e6;
  }
}

function random(shape: number[]): { data: Float32Array; shape: number[] } {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return { data: Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898) * 0.5), shape };
}
