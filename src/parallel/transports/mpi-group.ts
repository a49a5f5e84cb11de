import { TransportError, type Group, type Message } from "../transport.ts";
import { checkCounts, checkPlace, describeArray, nameRanks } from "./checks.ts";
import type { Handle } from "./mpi-functions.ts";
import { addressOf, type MpiLibrary } from "./mpi-library.ts";
import { countOf, irecv, isend, receivedCount, typeOf } from "./mpi-messages.ts";
import type { Held } from "./mpi-requests.ts";
import { unattended } from "./waits.ts";

/**
 * Begins an operation and waits for its end.
 *
 * @param what whom it waits for, for the message of an error
 * @param held what MPI reads or writes
 * @param begin gets where the request goes
 * @param check looks at MPI's status when the operation has ended
 */
export type Operate = (what: string, held: Held, begin: (request: bigint) => void, check?: (status: bigint) => void) => Promise<void>;

type Floats = Float32Array | Float64Array;

/** Elements up to which each rank sends the whole array to each other: one exchange costs less than two. */
const SHORT = 2048;

/**
 * Sums travel directly: each rank sends to each other the piece that the other adds up, which is as many bytes as any
 * algorithm needs, and adds in order of rank. So the bits are the same on every rank, under every library, and those of
 * the transport within one process. MPI_Ireduce_scatter and MPI_Iallreduce of Open MPI 4.1 took two to four times as long
 * (two ranks, 4 to 16 MiB).
 */
export class MpiGroup implements Group {
  readonly #scratch = new Scratch();
  #operations = 0;

  constructor(
    readonly library: MpiLibrary, readonly operate: Operate, readonly ranks: readonly number[], readonly place: number,
    readonly communicator: Handle, readonly largestTag: number,
  ) {}

  allReduce(data: Floats): Promise<void> {
    const what = `all-reduce of ${describeArray(data)}`;
    const tags = this.#tags();
    return unattended(data.length <= SHORT ? this.#sumWhole(data, what, tags) : this.#sumInPieces(data, what, tags));
  }

  reduceScatter(data: Float32Array, counts: readonly number[], into: Float32Array): Promise<void> {
    const tags = this.#tags();
    return unattended((async () => {
      checkCounts("reduce-scatter", counts, this.place, this.ranks.length, into.length, data.length);
      await this.#sumPiece(piecesOf(data, counts), into, `reduce-scatter of ${describeArray(data)}`, tags.first);
    })());
  }

  allGather(piece: Float32Array, counts: readonly number[], into: Float32Array): Promise<void> {
    const tags = this.#tags();
    return unattended((async () => {
      checkCounts("all-gather", counts, this.place, this.ranks.length, piece.length, into.length);
      await this.#gather(piece, piecesOf(into, counts), `all-gather into ${describeArray(into)}`, tags.first);
    })());
  }

  broadcast(data: Message, root = 0): Promise<void> {
    const { library, communicator } = this;
    return this.#together(`broadcast of ${describeArray(data)} by the one at ${root}`, [data], (request) => {
      checkPlace(root, this.ranks);
      library.call("Ibcast", addressOf(data), countOf(data), typeOf(data, library), root, communicator, request);
    });
  }

  barrier(why: string): Promise<void> {
    return this.#together(why, [], (request) => this.library.call("Ibarrier", this.communicator, request));
  }

  #together(operation: string, held: Held, begin: (request: bigint) => void): Promise<void> {
    const others = this.ranks.filter((_, place) => place !== this.place);
    return this.operate(`rank ${this.ranks[this.place]} waited for ${nameRanks(others)} to join: ${operation}`, held, begin);
  }

  /** The tags of an operation's two exchanges; those of operations under way at once differ. */
  #tags(): { first: number; second: number } {
    const first = (2 * this.#operations++) % (this.largestTag - 1);
    return { first, second: first + 1 };
  }

  async #sumWhole(data: Floats, what: string, { first }: { first: number }): Promise<void> {
    await this.#sumPiece(this.ranks.map(() => data), data, what, first);
  }

  async #sumInPieces(data: Floats, what: string, { first, second }: { first: number; second: number }): Promise<void> {
    const members = this.ranks.length;
    const bounds = Array.from({ length: members + 1 }, (_, at) => Math.floor((data.length * at) / members));
    const pieces = this.ranks.map((_, at) => data.subarray(bounds[at], bounds[at + 1]));
    const mine = pieces[this.place] ?? data;
    await this.#sumPiece(pieces, mine, what, first);
    await this.#gather(mine, pieces, what, second);
  }

  /** Sends to each rank its piece, and adds up what came for this one. */
  async #sumPiece(pieces: readonly Floats[], into: Floats, what: string, tag: number): Promise<void> {
    const mine = pieces[this.place] ?? into;
    const received = pieces.map((_, place) => place === this.place ? mine : this.#scratch.take(mine));
    await this.#exchange(what, tag, pieces, received);
    copy(mine, into);
    // Adding to this rank's own piece spares a copy: the ranks before it are added to each other first.
    const [first, ...before] = received.slice(0, this.place);
    const after = received.slice(this.place + 1);
    if (first !== undefined) {
      for (const piece of before) this.#add(piece, first);
      this.#add(first, into);
    }
    for (const piece of after) this.#add(piece, into);
    for (const buffer of received) if (buffer !== mine) this.#scratch.give(buffer);
  }

  #add(piece: Floats, to: Floats): void {
    const { library } = this;
    if (to.length > 0) library.call("Reduce_local", addressOf(piece), addressOf(to), countOf(to), typeOf(to, library), library.handles.sum);
  }

  async #gather(mine: Floats, pieces: readonly Floats[], what: string, tag: number): Promise<void> {
    const sent = pieces[this.place] ?? mine;
    copy(mine, sent);
    await this.#exchange(what, tag, this.ranks.map(() => sent), pieces);
  }

  /**
   * Sends an array to each other rank, and receives one from each. Empty ones stay at home. Sends come first: the other way
   * around a sum of 16 MiB takes 1.6 times as long under Open MPI 4.1.
   */
  async #exchange(what: string, tag: number, outgoing: readonly Floats[], incoming: readonly Floats[]): Promise<void> {
    const { library, communicator } = this;
    const rank = this.ranks[this.place];
    const under = (other: number | undefined): string => `rank ${rank} waited for rank ${other} to join: ${what}`;
    const messages: Promise<void>[] = [];
    this.ranks.forEach((other, place) => {
      const data = outgoing[place];
      if (place === this.place || data === undefined || data.length === 0) return;
      messages.push(this.operate(under(other), [data], (request) => isend(library, data, place, tag, communicator, request)));
    });
    this.ranks.forEach((other, place) => {
      const into = incoming[place];
      if (place === this.place || into === undefined || into.length === 0) return;
      messages.push(this.operate(under(other), [into], (request) => irecv(library, into, place, tag, communicator, request), (status) => {
        const received = receivedCount(library, into, status);
        if (received !== into.length) throw new TransportError(`Ranks of a group do different things at once: in ${what}, rank ${rank} got ${received} elements of rank ${other} where it expected ${into.length}.`);
      }));
    });
    await Promise.all(messages);
  }
}

function copy(from: Floats, to: Floats): void {
  if (from.buffer !== to.buffer || from.byteOffset !== to.byteOffset) to.set(from);
}

/** Stretches of an array, one after another. */
function piecesOf(data: Float32Array, counts: readonly number[]): Float32Array[] {
  let start = 0;
  return counts.map((count) => data.subarray(start, start += count));
}

/** Memory that is used again, for the kernel clears what it gives for the first time. */
class Scratch {
  readonly #free: ArrayBuffer[] = [];

  /** An array of the type and length of another. */
  take({ byteLength, length, BYTES_PER_ELEMENT }: Floats): Floats {
    const at = this.#free.findIndex((buffer) => buffer.byteLength === byteLength);
    const buffer = at === -1 ? new ArrayBuffer(byteLength) : this.#free.splice(at, 1)[0] ?? new ArrayBuffer(byteLength);
    return BYTES_PER_ELEMENT === 4 ? new Float32Array(buffer, 0, length) : new Float64Array(buffer, 0, length);
  }

  give({ buffer }: Floats): void {
    if (buffer instanceof ArrayBuffer) this.#free.push(buffer);
    if (this.#free.length > 64) this.#free.shift();
  }
}
