import { dimensionValue, type DimValues } from "../graph/dimension.ts";
import type { Program, Signature } from "../graph/program.ts";
import { formatShape } from "../graph/shape.ts";
import { requireWithinAxes } from "../graph/slice-bounds.ts";
import type { NumericArray } from "./engine.ts";

/** The named dimensions of a program's run. Throws as `bindDimensions` does, and where they leave a slice beyond its axis. */
export function dimensionsOfRun({ feeds: signature, openSlices }: Program, feeds: Readonly<Record<string, NumericArray>>): DimValues {
  const values = bindDimensions(signature, feeds);
  requireWithinAxes(openSlices, values);
  return values;
}

/**
 * Reads the values of named dimensions off the feeds and checks every feed against its declared shape.
 * Throws for a missing feed, a wrong rank, a dimension that differs, or data that does not fill its shape.
 */
export function bindDimensions(signature: Signature, feeds: Readonly<Record<string, NumericArray>>): DimValues {
  const values = new Map<string, number>();
  const entries = Object.entries(signature).map(([name, { shape }]) => ({ name, shape, feed: feedOf(feeds, name, shape.length) }));
  for (const { shape, feed } of entries) {
    shape.forEach((dim, axis) => {
      const size = feed.shape[axis] ?? 0;
      if (typeof dim === "string" && /^[A-Za-z_][A-Za-z0-9_.]*$/.test(dim) && !values.has(dim)) values.set(dim, size);
    });
  }
  for (const { name, shape, feed } of entries) {
    shape.forEach((dim, axis) => {
      const expected = dimensionValue(dim, values);
      if (feed.shape[axis] !== expected) {
        throw new Error(`The feed "${name}" is ${formatShape(feed.shape)}, expected ${formatShape(shape)}: `
          + `axis ${axis} is ${feed.shape[axis]}, and ${typeof dim === "string" ? `${dim} is ` : "it should be "}${expected}.`);
      }
    });
  }
  return values;
}

function feedOf(feeds: Readonly<Record<string, NumericArray>>, name: string, rank: number): NumericArray {
  const feed = feeds[name];
  if (feed === undefined) throw new Error(`The feed "${name}" is missing; given were: ${Object.keys(feeds).join(", ") || "none"}.`);
  if (feed.shape.length !== rank) {
    throw new Error(`The feed "${name}" is ${formatShape(feed.shape)}, expected ${rank} dimensions.`);
  }
  const size = feed.shape.reduce((product, dim) => product * dim, 1);
  if (feed.data.length !== size) {
    throw new Error(`The feed "${name}" ${formatShape(feed.shape)} has ${feed.data.length} numbers, its shape ${size}.`);
  }
  return feed;
}
