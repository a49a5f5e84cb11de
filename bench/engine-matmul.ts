import type { Engine, Executable, Feeds } from "../src/engines/engine.ts";
import { scan } from "../src/graph/control.ts";
import { float32, type Signature } from "../src/graph/program.ts";
import { median, timeCalls, type Clock } from "./timing.ts";

/** One matrix product [rows, inner] x [inner, columns] that a training step does `count` times. */
export interface Product {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** Whether the engine gets the right operand transposed. */
  readonly transposed: boolean;
  /** Products of one operation, each with operands of its own. */
  readonly together: number;
  readonly count: number;
}

/** Floating-point operations of products. */
export function operations(products: readonly Product[]): number {
  return products.reduce((sum, { rows, inner, columns, together, count }) => sum + 2 * rows * inner * columns * together * count, 0);
}

/** Products in one run of a program, so that what a run costs in TypeScript does not count. */
const LOOP = 15;

/** The engine's own matrix products, one program a shape, ready to be timed beside something else. */
export class EngineMatmul {
  readonly #programs: { product: Product; loop: number; program: Executable; feeds: Feeds<Signature> }[] = [];

  readonly #engine: Engine;
  readonly #clock: Clock;

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  async prepare(products: readonly Product[]): Promise<this> {
    for (const product of products) {
      const { rows, inner, columns, transposed, together } = product;
      const loop = Math.min(LOOP, product.count);
      const batch = together === 1 ? [] : [together];
      const left = [loop, ...batch, rows, inner];
      const right = [...batch, ...(transposed ? [columns, inner] : [inner, columns])];
      const program = await this.#engine.compile({ a: float32(...left), b: float32(...right) }, ({ a, b }) => {
        const { outputs: [corners] } = scan([], [a], (_carries, [x]) => {
          if (x === undefined) throw new Error("A step has a left operand.");
          const y = x.matmul(transposed ? b.transpose() : b);
          return { carries: [], outputs: [y.slice(-1, 0, 1).slice(-2, 0, 1)] }; // a corner, so that copying y does not count
        });
        return { corners };
      });
      this.#programs.push({ product, loop, program, feeds: { a: random(left), b: random(right) } });
    }
    return this;
  }

  /** Billions of operations a second over all products, each as often as it occurs. */
  async gflops(repeats: number): Promise<number> {
    let milliseconds = 0;
    for (const { product, loop, program, feeds } of this.#programs) {
      milliseconds += (product.count / loop) * median(await timeCalls(() => program.run(feeds), repeats, 1, this.#clock));
    }
    return operations(this.#programs.map(({ product }) => product)) / milliseconds / 1e6;
  }
}

function random(shape: number[]): { data: Float32Array; shape: number[] } {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return { data: Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898) * 0.5), shape };
}
