import { expect, test } from "vitest";
import { Gpt } from "../../models/gpt.ts";
import { parallelSchema } from "../../train/config/parallel.ts";
import { textTask } from "../../train/text-task.ts";
import { parametersOf } from "../cut/stage-phases.ts";
import { layoutOf } from "./layout.ts";
import { cutModel } from "./model-cut.ts";

const task = (tiedEmbeddings: boolean) => textTask(new Gpt({
  vocabulary: 13, context: 6, layers: 6, dimension: 8, heads: 2, keyValueHeads: 2, feedForward: 32, activation: "gelu", normalization: "layer",
  epsilon: 1e-5, positions: "learned", rotaryBase: 1e4, dropout: 0, bias: true, tiedEmbeddings,
}).seed(3), { labelSmoothing: 0, zLoss: 0, window: 6, carriedRows: undefined, separateDocuments: false });

const BLOCK_BYTES = 4 * (4 * 8 * 8 + 2 * 8 * 32 + 4 * 8 + 32 + 8 + 2 * 2 * 8);

test.each([
  [2, 1, true, 2.5], [2, 1, false, 1], [2, 2, true, 1.5], [4, 2, false, 0.01], [4, 3, true, 1e6],
] as const)("%i replicas of %i stages, tied %j, buckets of %d blocks: each weight is complete when its bucket is", (replicas, stages, tied, blocks) => {
  const { model, ...rest } = task(tied);
  const layout = layoutOf(replicas * stages, 8, parallelSchema.parse({ stages }));
  const cut = cutModel({ model, ...rest }, layout, { dims: new Map([["batch", 2]]), bucketBytes: blocks * BLOCK_BYTES });
  const parameters = model.parameters();
  expect(cut.pieces).toHaveLength(stages);
  cut.buckets.forEach((buckets, device) => {
    const pieces = cut.pieces[device] ?? [];
    expect(buckets).toHaveLength(pieces.length);
    expect(buckets.flat().map(({ name }) => name).sort()).toEqual([...cut.held[device] ?? []].map(({ name }) => name).sort());
    buckets.forEach((bucket, at) => {
      const earlier = new Set(pieces.slice(0, at).flatMap((graph) => parametersOf(graph, parameters).map(({ name }) => name)));
      expect(bucket.filter(({ name }) => earlier.has(name))).toEqual([]);
      if (at > 0) expect(bucket.reduce((sum, { size }) => sum + 4 * size, 0)).toBeGreaterThanOrEqual(blocks * BLOCK_BYTES - 4 * 13 * 8); // less a tied output
    });
  });
  if (blocks === 2.5) expect(cut.pieces[0]).toHaveLength(3);
  if (blocks === 1e6) expect(cut.pieces.every((pieces) => pieces.length === 1)).toBe(true);
});
