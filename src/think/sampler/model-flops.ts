import { flops } from "../../graph/flops.ts";
import { dimensionValue, type Dim } from "../../graph/dimension.ts";
import { buildProgram, int32, type Results, type Signature } from "../../graph/program.ts";
import type { LanguageModel } from "../../models/language-model.ts";

/** What a model's matrix products take, in floating-point operations: a multiplication and an addition count as two. */
export interface ModelFlops {
  /** Whenever tokens that may follow are scored. */
  readonly scoring: number;
  /** Of each token that is read, whatever stands before it. */
  readonly token: number;
  /** Of each token for each one that it looks back on, itself included. */
  readonly lookingBack: number;
}

/** Counts the products in the model's own graph, which is linear in each of the three. */
export function modelFlops(model: LanguageModel): ModelFlops {
  const total = stepFlops(model);
  const at = (time: number, capacity: number): number => dimensionValue(total, new Map([["rows", 1], ["time", time], ["capacity", capacity]]));
  const lookingBack = at(1, 2) - at(1, 1);
  const token = at(2, 0) - at(1, 0);
  return { scoring: at(1, 0) - token, token, lookingBack };
}

/** Of reading `read` tokens once and writing `written` after them, `samples` times. The last one written is not read again. */
export function samplingFlops({ scoring, token, lookingBack }: ModelFlops, read: number, written: number, samples: number): number {
  const stretch = (from: number, to: number): number => (to - from) * token + lookingBack * ((to * (to + 1) - from * (from + 1)) / 2);
  const again = Math.max(0, written - 1);
  return stretch(0, read) + scoring + samples * (stretch(read, read + again) + again * scoring);
}

function stepFlops(model: LanguageModel): Dim {
  const memory = model.memoryTypes("rows", "capacity");
  const feeds: Signature = { tokens: int32("rows", "time"), lengths: int32("rows"), counts: int32("rows"), ...memory };
  const { fetches } = buildProgram(feeds, ({ tokens, lengths, counts, ...held }): Results => {
    if (tokens === undefined || lengths === undefined || counts === undefined) throw new Error("A step reads tokens, lengths and counts.");
    const { logits, memory: next } = model.extend(tokens, held, { lengths, counts, each: false });
    return { ...next, logits };
  });
  return flops(fetches.map(({ tensor }) => tensor));
}
