import { confidenceInterval } from "../../metrics/bootstrap.ts";
import { statisticsFromRows } from "../../metrics/sentence-statistics.ts";
import { wilsonInterval } from "../../metrics/wilson.ts";
import type { Distance, Distribution, Mark } from "./exam.ts";

/** How much of what was asked is right. */
export interface Share {
  readonly correct: number;
  readonly total: number;
  readonly accuracy: number;
  /** 95%: Wilson's where each problem is right or wrong, of resampled problems where several things are asked in one. */
  readonly interval: { readonly lower: number; readonly upper: number };
}

export interface DistanceShare extends Share, Distance {}

/** Problems at one distance. */
export interface GroupShare extends DistanceShare {
  readonly distribution: Distribution;
  /** The group by finer distances; of those of one measure, each problem is at one. */
  readonly finer: readonly DistanceShare[];
}

export interface Tally {
  /** `null` where nothing like that was asked. */
  readonly inDistribution: Share | null;
  readonly outOfDistribution: Share | null;
  /** In-distribution first, then by distance. */
  readonly groups: readonly GroupShare[];
}

/** Adds up what each problem was marked with. */
export function tally(problems: readonly (readonly Mark[])[]): Tally {
  const of = (keep: (mark: Mark) => boolean): Share | null => shareOf(problems.map((marks) => marks.filter(keep)));
  const groups = different(problems.flat().map(({ distribution, group }) => ({ distribution, ...group })));
  return {
    inDistribution: of(({ distribution }) => distribution === "in"),
    outOfDistribution: of(({ distribution }) => distribution === "out"),
    groups: groups.flatMap(({ distribution, ...distance }): GroupShare[] => {
      const isOwn = (mark: Mark): boolean => mark.distribution === distribution && isSame(mark.group, distance);
      const share = of(isOwn);
      if (share === null) return [];
      const finer = different(problems.flat().filter(isOwn).flatMap((mark) => mark.finer));
      return [{
        distribution, ...distance, ...share,
        finer: finer.flatMap((each): DistanceShare[] => {
          const part = of((mark) => isOwn(mark) && mark.finer.some((own) => isSame(own, each)));
          return part === null ? [] : [{ ...each, ...part }];
        }),
      }];
    }).sort((a, b) => Number(a.distribution === "out") - Number(b.distribution === "out") || a.order - b.order),
  };
}

function shareOf(problems: readonly (readonly Mark[])[]): Share | null {
  const rows = problems.filter((marks) => marks.length > 0).map((marks) => [sum(marks.map(({ correct }) => correct)), sum(marks.map(({ total }) => total))] as const);
  if (rows.length === 0) return null;
  const [correct, total] = [sum(rows.map(([right]) => right)), sum(rows.map(([, asked]) => asked))];
  return { correct, total, accuracy: correct / total, interval: intervalOf(rows, correct, total) };
}

function intervalOf(rows: readonly (readonly [correct: number, total: number])[], correct: number, total: number): Share["interval"] {
  if (rows.every(([, asked]) => asked === 1)) return wilsonInterval(correct, total);
  const { lower, upper } = confidenceInterval(statisticsFromRows(rows), ([right = NaN, asked = NaN]) => right / asked);
  return { lower, upper };
}

/** Each once, in order of distance. */
function different<D extends Distance>(distances: readonly D[]): D[] {
  return [...new Map(distances.map((each) => [JSON.stringify(each), each])).values()].sort((a, b) => (a.by < b.by ? -1 : a.by > b.by ? 1 : a.order - b.order));
}

function isSame(one: Distance, other: Distance): boolean {
  return one.by === other.by && one.label === other.label;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
