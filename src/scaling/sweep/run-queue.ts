import { messageOf } from "../../data/data-error.ts";
import type { Attempt } from "./training-process.ts";

/** Where a queue's item stands. */
export type Standing =
  | { readonly kind: "waiting" }
  | { readonly kind: "running"; readonly attempt: number }
  | Attempt;

export interface Queue<Item> {
  /** In the order in which they start. */
  readonly items: readonly Item[];
  /** Items at work at once. */
  readonly jobs: number;
  /** How often an item that has failed starts again. */
  readonly retries: number;
  /** Once it is aborted nothing starts any more. */
  readonly signal: AbortSignal;
  /** Where it throws, the item has failed. */
  readonly run: (item: Item) => Promise<Attempt>;
  readonly onChange: (item: Item, standing: Standing) => void;
}

/** Works through a queue; one item's failure is no other's. @returns where each item stands at the end */
export async function runQueue<Item>({ items, jobs, retries, signal, run, onChange }: Queue<Item>): Promise<Map<Item, Standing>> {
  const standings = new Map<Item, Standing>(items.map((item) => [item, { kind: "waiting" }]));
  const change = (item: Item, standing: Standing): void => {
    standings.set(item, standing);
    onChange(item, standing);
  };
  const waiting = items.values();
  const work = async (): Promise<void> => {
    for (const item of waiting) {
      for (let attempt = 0; !signal.aborted; attempt++) {
        change(item, { kind: "running", attempt });
        const outcome = await run(item).catch((error: unknown): Attempt => ({ kind: "failed", error: messageOf(error) }));
        change(item, outcome);
        if (outcome.kind !== "failed" || attempt === retries) break;
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return standings;
}
