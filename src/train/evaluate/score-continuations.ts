import { storeParameters } from "../../decode/store-parameters.ts";
import type { TextModel } from "../../decode/language/generator.ts";
import type { Engine } from "../../engines/engine.ts";
import { int32 } from "../../graph/program.ts";
import { batchesByLength } from "../translator/translator-batches.ts";

/** Tokens, of which the last are judged. */
export interface Continuation {
  readonly tokens: Int32Array;
  /** Place of the first token that is judged; at least 1, for it is predicted from those before it. */
  readonly from: number;
}

export interface ScoreContinuationsOptions {
  /** Rows that are read at once, fewer where they are long; 32 by default. */
  readonly batch?: number;
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

/**
 * log p(the tokens from `from` on | those before them) of each, in order, nats.
 *
 * @throws Error where a parameter lacks its value
 */
export async function scoreContinuations(
  { model, parameters }: Pick<TextModel, "model" | "parameters">, continuations: readonly Continuation[], engine: Engine,
  { batch = 32, onProgress }: ScoreContinuationsOptions = {},
): Promise<number[]> {
  const state = engine.createState();
  storeParameters(state, model, parameters);
  const signature = { tokens: int32("rows", "time"), targets: int32("rows", "time"), judged: int32("rows", "time") };
  const program = await engine.compile(signature, (places) => ({
    nats: model.loss(places, { labelSmoothing: 0, zLoss: 0, seed: undefined }).negativeLogLikelihoods,
  }), { state, frozen: true });
  try {
    const scores: number[] = [];
    let done = 0;
    for (const places of batchesByLength(continuations.map(({ tokens }) => tokens.length - 1), batch)) {
      const { nats } = await program.run(feedsOf(places.flatMap((place) => continuations[place] ?? [])));
      places.forEach((place, row) => (scores[place] = -(nats.data[row] ?? NaN)));
      onProgress?.(done += places.length, continuations.length);
    }
    return scores;
  } finally {
    await program.dispose();
  }
}

function feedsOf(rows: readonly Continuation[]) {
  const time = Math.max(...rows.map(({ tokens }) => tokens.length - 1));
  const shape = [rows.length, time];
  const [tokens, targets, judged] = Array.from({ length: 3 }, () => new Int32Array(rows.length * time)) as [Int32Array, Int32Array, Int32Array];
  rows.forEach((row, at) => {
    tokens.set(row.tokens.subarray(0, -1), at * time);
    targets.set(row.tokens.subarray(1), at * time);
    judged.fill(1, at * time + row.from - 1, at * time + row.tokens.length - 1);
  });
  return { tokens: { data: tokens, shape }, targets: { data: targets, shape }, judged: { data: judged, shape } };
}
