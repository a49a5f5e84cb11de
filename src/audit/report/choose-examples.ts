import { philox } from "../../metrics/counter-random.ts";

export interface ChosenExamples {
  readonly clean: readonly number[];
  readonly contaminated: readonly number[];
}

/** Up to so many of each kind of `usable` examples, in an order drawn by the seed. */
export function chooseExamples(usable: readonly number[], contaminated: ReadonlySet<number>, most: number, seed: number): ChosenExamples {
  const shuffled = usable.map((index) => ({ index, order: philox(seed, index, 0x65786d70)[0] })).sort((a, b) => a.order - b.order || a.index - b.index).map(({ index }) => index);
  return {
    clean: shuffled.filter((index) => !contaminated.has(index)).slice(0, most),
    contaminated: shuffled.filter((index) => contaminated.has(index)).slice(0, most),
  };
}

/** Of chosen ones so many that are shown: up to half of them contaminated, by their places. */
export function shownExamples({ clean, contaminated }: ChosenExamples, count: number): number[] {
  const seen = contaminated.slice(0, Math.max(Math.floor(count / 2), count - clean.length));
  return [...seen, ...clean.slice(0, count - seen.length)].sort((a, b) => a - b);
}

/** Characters of a training document that are shown. */
const MOST_SHOWN = 300;

/** The beginning of a text that may be long. */
export function shortened(text: string): string {
  const plain = text.trim();
  return plain.length <= MOST_SHOWN ? plain : `${plain.slice(0, MOST_SHOWN)}…`;
}
