import { TransportError } from "../transport.ts";

/** What a member of a group brings to an operation, and whom to tell how that ended. */
export interface Contribution<T> {
  readonly place: number;
  readonly rank: number;
  readonly operation: string;
  readonly data: T;
  readonly done: () => void;
  readonly fail: (error: Error) => void;
}

/** Operations of groups that some members have come to and others have not. */
export class Meetings {
  readonly #open = new Map<string, Meeting>();
  readonly #joined = new Map<string, number>();

  /** The operation that this member of a group has not joined yet: its n-th call meets the n-th of the others. */
  join(group: string, place: number): Meeting {
    const member = `${group} ${place}`;
    const turn = this.#joined.get(member) ?? 0;
    this.#joined.set(member, turn + 1);
    const key = `${group} ${turn}`;
    const meeting = this.#open.get(key) ?? new Meeting(() => this.#open.delete(key));
    this.#open.set(key, meeting);
    return meeting;
  }
}

class Meeting {
  readonly #present: Contribution<unknown>[] = [];

  constructor(readonly close: () => void) {}

  absent(ranks: readonly number[]): number[] {
    return ranks.filter((rank) => !this.#present.some((contribution) => contribution.rank === rank));
  }

  come<T>(mine: Contribution<T>, members: number, act: (all: readonly Contribution<T>[]) => void): void {
    this.#present.push(mine);
    const other = this.#present.find(({ operation }) => operation !== mine.operation);
    if (other !== undefined) {
      const error = new TransportError(`Ranks of a group do different things at once: rank ${other.rank} ${other.operation}, rank ${mine.rank} ${mine.operation}.`);
      for (const { fail } of this.#present) fail(error);
    } else if (this.#present.length === members) {
      this.close();
      act([...this.#present].sort((one, two) => one.place - two.place) as Contribution<T>[]); // the same operation brings the same data
      for (const { done } of this.#present) done();
    }
  }
}
