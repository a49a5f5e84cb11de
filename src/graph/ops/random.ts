import type { Definition } from "../definition.ts";
import { ndArray } from "../nd-array.ts";
import type { OperationAttributes } from "../operations.ts";
import { resolveShape } from "../shape.ts";

/** Distance between the counters of two seeds or streams: the golden ratio in 32 bits. */
export const GOLDEN = 0x9e3779b9;

/**
 * Constants of a 32-bit finaliser with low bias, h ^= h >> a; h *= b, in turn, then a last shift
 * (C. Wellons, "Prospecting for Hash Functions", 2018: lowbias32).
 */
export const MIX = [[16, 0x7feb352d], [15, 0x846ca68b]] as const;
export const MIX_LAST_SHIFT = 16;

/** 24 bits: the numbers that float32 holds exactly in [0, 1). */
export const UNIFORM_SHIFT = 8;
export const UNIFORM_SCALE = 2 ** -24;

export function mix32(value: number): number {
  let h = value >>> 0;
  for (const [shift, factor] of MIX) h = Math.imul(h ^ (h >>> shift), factor) >>> 0;
  return (h ^ (h >>> MIX_LAST_SHIFT)) >>> 0;
}

/** key = mix(seed + stream · golden); element i is mix(key + i · golden) / 2³². */
export const random: Definition<OperationAttributes["random"]> = {
  infer([seed], { shape }) {
    if (seed?.dtype !== "int32" || seed.shape.length > 0) throw new Error("the seed is an int32 scalar");
    return [{ shape, dtype: "float32" }];
  },
  evaluate([seed], { shape, stream }, dims) {
    const key = mix32(((seed?.data[0] ?? 0) + Math.imul(stream, GOLDEN)) | 0);
    const y = ndArray(resolveShape(shape, dims), "float32");
    for (let i = 0; i < y.data.length; i++) {
      y.data[i] = (mix32((key + Math.imul(i, GOLDEN)) | 0) >>> UNIFORM_SHIFT) * UNIFORM_SCALE;
    }
    return [y];
  },
};
