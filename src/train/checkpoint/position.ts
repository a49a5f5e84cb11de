import { z } from "zod";
import { CheckpointError } from "./checkpoint.ts";
import { lossHistorySchema } from "../loss-spikes.ts";

const positionSchema = z.object({
  /** Optimiser steps taken. */
  step: z.int(),
  /** The next batch: pass over the data, and place in it. */
  epoch: z.int(),
  index: z.int(),
  /** Source and target tokens seen. */
  seenTokens: z.number(),
  /** Step of the last validation. */
  validatedStep: z.int(),
  /** Validations since the best one. */
  staleValidations: z.int(),
  /** Times that a plateau has lowered the learning rate. */
  reductions: z.int(),
  /** Absent before the first step, and where spikes are not looked for. */
  losses: lossHistorySchema.optional(),
  best: z.object({ step: z.int(), loss: z.number() }).optional(),
  /** The last validation on all that was held out. */
  whole: z.object({ step: z.int(), loss: z.number() }).optional(),
});

/** Everything about a training's progress that is not a tensor. Randomness is a function of it and the seed. */
export type Position = Readonly<z.infer<typeof positionSchema>>;

export const initialPosition: Position = {
  step: 0, epoch: 0, index: 0, seenTokens: 0, validatedStep: 0, staleValidations: 0, reductions: 0,
};

export function parsePosition(state: Readonly<Record<string, unknown>>): Position {
  const parsed = positionSchema.safeParse(state["position"]);
  if (!parsed.success) throw new CheckpointError(`The checkpoint's state.json holds no valid position: ${parsed.error.issues[0]?.message ?? "unknown"}.`);
  return parsed.data;
}
