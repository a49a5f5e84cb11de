import type { BatchSource } from "./training-task.ts";

/** What was held out. */
export interface ValidationParts {
  /** What every validation looks at. */
  readonly validation: BatchSource;
  /** What only the last one looks at besides. */
  readonly validationRest: BatchSource | undefined;
}

/**
 * Divides what was held out into a part of at most so many batches and the rest. Batches that go on from each other stay
 * together, and the rest follows the part; others are taken from all over, at even distances.
 */
export function validationParts(batches: BatchSource, most: number | undefined, goesOn: boolean): ValidationParts {
  const count = batches.batchesInEpoch(0);
  if (most === undefined || most >= count) return { validation: batches, validationRest: undefined };
  const chosen = new Set(Array.from({ length: most }, (_, at) => (goesOn ? at : Math.floor((at * count) / most))));
  const all = Array.from({ length: count }, (_, at) => at);
  return {
    validation: choose(batches, all.filter((at) => chosen.has(at))),
    validationRest: choose(batches, all.filter((at) => !chosen.has(at))),
  };
}

function choose(batches: BatchSource, indices: readonly number[]): BatchSource {
  return {
    batchesInEpoch: () => indices.length,
    batch(_epoch, index) {
      const chosen = indices[index];
      if (chosen === undefined) throw new RangeError(`There are ${indices.length} batches; number ${index} was asked for.`);
      return batches.batch(0, chosen);
    },
  };
}
