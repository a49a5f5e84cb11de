import type { ParallelConfig } from "../../train/config/parallel.ts";
import { hasChunks, type Layout } from "./layout.ts";

/** Whether `decade train` runs a layout; others are simulated alone. */
export function isTrained({ share, logits }: Layout): boolean {
  return share === undefined && logits === undefined;
}

/** The fields of `parallel` by which a training has a layout; its replicas follow from the number of processes. */
export function trainingFields(layout: Layout): Partial<ParallelConfig> {
  const { stages, vocabulary, schedule, chunks } = layout;
  if (stages === 1 && vocabulary === 1) return {};
  return {
    ...(stages > 1 && { stages }), ...(vocabulary > 1 && { vocabulary }), schedule,
    ...(hasChunks(layout) && { chunks }),
  };
}
