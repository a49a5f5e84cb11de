import { endOf, type Hypothesis } from "./hypothesis.ts";

/** Hypotheses that cover as many source words; those that are alike to every continuation are recombined. */
export class HypothesisStack {
  readonly #byFuture = new Map<string, Hypothesis>();

  /** Adds a hypothesis, or, where there is one like it, a way into the better of both. */
  add(hypothesis: Hypothesis): void {
    const key = futureKey(hypothesis);
    const known = this.#byFuture.get(key);
    if (known === undefined) this.#byFuture.set(key, hypothesis);
    else if (known.score >= hypothesis.score) known.arcs.push(...hypothesis.arcs);
    else this.#byFuture.set(key, { ...hypothesis, arcs: [...hypothesis.arcs, ...known.arcs] });
  }

  /** Those that survive pruning, best first. */
  best({ beam, threshold }: { readonly beam: number; readonly threshold: number }): Hypothesis[] {
    const sorted = [...this.#byFuture.values()].sort((a, b) => b.total - a.total);
    const least = (sorted[0]?.total ?? 0) - threshold;
    return sorted.filter(({ total }, at) => at < beam && total >= least);
  }
}

/** All that a continuation's score depends on: coverage, the last phrase's place and orientations, the language model's state. */
function futureKey({ firstGap, covered, state, last }: Hypothesis): string {
  return `${firstGap} ${covered} ${state} ${last?.from} ${last?.to} ${last?.pair}`;
}

/** Hypotheses that go on from the same place of the same coverage, best first. */
export interface CoverageGroup {
  readonly firstGap: number;
  readonly covered: number;
  readonly end: number;
  readonly hypotheses: readonly Hypothesis[];
}

/** @param hypotheses best first by total; within a group that is by score */
export function groupByCoverage(hypotheses: readonly Hypothesis[]): CoverageGroup[] {
  const groups = new Map<string, CoverageGroup & { readonly hypotheses: Hypothesis[] }>();
  for (const hypothesis of hypotheses) {
    const { firstGap, covered } = hypothesis;
    const end = endOf(hypothesis);
    const key = `${firstGap} ${covered} ${end}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { firstGap, covered, end, hypotheses: [hypothesis] });
    else group.hypotheses.push(hypothesis);
  }
  return [...groups.values()];
}
