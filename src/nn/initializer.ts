import { mix32 } from "../graph/ops/random.ts";

/** Fills a new parameter; `uniform(i)` is the i-th number in [0, 1) of the parameter's own stream. */
export type Initializer = (shape: readonly number[], uniform: (index: number) => number) => Float32Array;

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** Uniform in (-range, range), as in Sutskever, Vinyals and Le 2014, section 3.4. */
export function uniformInitializer(range: number): Initializer {
  return (shape, uniform) => Float32Array.from({ length: sizeOf(shape) }, (_, i) => (2 * uniform(i) - 1) * range);
}

/** Uniform with variance 2 / (fan in + fan out): Glorot and Bengio 2010, eq. 16. The last axes are [in, out]. */
export function glorotInitializer(gates = 1): Initializer {
  return (shape, uniform) => {
    const [fanIn = 1, fanOut = 1] = shape.slice(-2);
    return uniformInitializer(Math.sqrt(6 / (fanIn + fanOut / gates)))(shape, uniform);
  };
}

/** Normal with mean 0, by Box and Muller. */
export function normalInitializer(deviation: number): Initializer {
  return (shape, uniform) => Float32Array.from({ length: sizeOf(shape) }, (_, i) => (
    deviation * Math.sqrt(-2 * Math.log(1 - uniform(2 * i))) * Math.cos(2 * Math.PI * uniform(2 * i + 1))));
}

export const zeroInitializer: Initializer = (shape) => new Float32Array(sizeOf(shape));

export function constantInitializer(value: number): Initializer {
  return (shape) => new Float32Array(sizeOf(shape)).fill(value);
}

/** A 32-bit hash of a name, so that a parameter's values depend on the seed and its name alone. */
export function hashName(name: string): number {
  let hash = 0;
  for (const byte of new TextEncoder().encode(name)) hash = mix32(hash + byte + 1);
  return hash;
}
