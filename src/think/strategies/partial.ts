import type { Sample } from "../sampler/sampler.ts";
import { finish, meanLogProbability } from "./attempts.ts";
import type { Attempt, Workplace } from "./strategy.ts";

/** A solution as far as it is written: whole steps. */
export interface PartialSolution {
  /** The steps, each with the separator after it. */
  readonly text: string;
  readonly steps: readonly string[];
  /** What was drawn for it. */
  readonly samples: readonly Sample[];
  /** Of its steps, from 0 to 1. */
  readonly score: number;
}

export const BEGINNING: PartialSolution = { text: "", steps: [], samples: [], score: 1 };

/** What may follow partial solutions: others that are one step longer, and finished ones. */
export interface Continuations {
  readonly partials: readonly PartialSolution[];
  readonly attempts: readonly Attempt[];
  /** Whether the budget allowed no draw. */
  readonly exhausted: boolean;
}

/** Draws next steps after a partial solution; those that are drawn twice come once. */
export async function nextSteps(place: Workplace, partial: PartialSolution, width: number): Promise<Continuations> {
  const { separator, settings } = place;
  const spent = partial.samples.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  const room = settings.maxTokens - spent;
  const stop = separator === undefined ? [] : [separator];
  const drawn = room < 1 ? [] : await place.draw(partial.text, width, { maxTokens: room, stop });
  const distinct = [...new Map(drawn.map((sample) => [`${sample.reason} ${sample.text}`, sample])).values()];
  const partials: PartialSolution[] = [];
  const attempts: Attempt[] = [];
  for (const sample of distinct) {
    if (sample.reason === "stop" && separator !== undefined) partials.push(await longer(place, partial, sample, separator));
    else attempts.push(await finish(place, partial.text + sample.text, [...partial.samples, sample]));
  }
  return { partials, attempts, exhausted: drawn.length === 0 && room >= 1 };
}

/** The best of different partial solutions: by their score, then by their likelihood; none whose steps are wrong. */
export function bestPartials(partials: readonly PartialSolution[], count: number): PartialSolution[] {
  const distinct = [...new Map(partials.map((partial) => [partial.text, partial])).values()];
  const likelihood = ({ samples }: PartialSolution): number => meanLogProbability(samples) ?? 0;
  return distinct.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score || likelihood(b) - likelihood(a)).slice(0, count);
}

async function longer(place: Workplace, { text, steps, samples }: PartialSolution, sample: Sample, separator: string): Promise<PartialSolution> {
  const all = [...steps, sample.text];
  return { text: text + sample.text + separator, steps: all, samples: [...samples, sample], score: await place.judgeSteps(all) };
}
