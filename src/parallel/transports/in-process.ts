import { everyoneOf, TransportError, type Group, type Message, type Transport } from "../transport.ts";
import { checkCounts, checkPeer, checkTag, describeArray, nameRanks, placeAmong, checkPlace, WAIT_SECONDS, type TransportOptions } from "./checks.ts";
import { Meetings, type Contribution } from "./meetings.ts";
import { Waits } from "./waits.ts";

/** A transport of this process; `abort` fails what all its ranks wait for. */
export interface InProcessTransport extends Transport {
  /** Tells the other ranks that this one has ended: whatever they wait for or begin throws, naming it. */
  abort(reason: unknown): void;
}

/**
 * Ranks as concurrent functions of one process, to test and to debug what runs over many.
 *
 * A send resolves when its message was received, as MPI's sends of long messages do: what waits for a send before a
 * receive that the other side needs first, hangs here too.
 */
export function inProcessTransports(size: number, { waitSeconds = WAIT_SECONDS }: TransportOptions = {}): InProcessTransport[] {
  const exchange: Exchange = { size, mail: new Map(), waits: new Waits(waitSeconds), meetings: new Meetings() };
  return Array.from({ length: size }, (_, rank) => new LocalTransport(exchange, rank));
}

/**
 * Runs a function for each of `size` ranks at once and gives their results in order of rank. Where one throws, the
 * others fail at what they wait for; what it threw is thrown.
 */
export async function runRanks<T>(
  size: number, work: (transport: Transport) => Promise<T>, options: TransportOptions = {},
): Promise<T[]> {
  const failures: unknown[] = [];
  const results = await Promise.allSettled(inProcessTransports(size, options).map(async (transport) => {
    try {
      return await work(transport);
    } catch (error) {
      failures.push(error);
      transport.abort(error);
      throw error;
    }
  }));
  if (failures.length > 0) throw failures[0];
  return results.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
}

interface Envelope {
  readonly data: Message;
  readonly received: () => void;
}

/** Messages of one rank to another under one tag that were sent and not received, or are waited for. */
interface Mailbox {
  readonly sent: Envelope[];
  readonly awaited: ((envelope: Envelope) => void)[];
}

interface Exchange {
  readonly size: number;
  readonly mail: Map<string, Mailbox>;
  readonly waits: Waits;
  readonly meetings: Meetings;
}

class LocalTransport implements InProcessTransport {
  readonly size: number;
  readonly #groups = new Map<string, number>();
  #closed: Promise<void> | undefined;

  constructor(readonly exchange: Exchange, readonly rank: number) {
    this.size = exchange.size;
  }

  send(to: number, tag: number, data: Message): Promise<void> {
    return this.exchange.waits.run(`rank ${this.rank} waited for rank ${to} to receive ${describeArray(data)} under tag ${tag}`, (received) => {
      checkPeer(to, this.size, "send");
      checkTag(tag, Number.MAX_SAFE_INTEGER);
      const mailbox = this.#mailbox(this.rank, to, tag);
      const envelope: Envelope = { data: data.slice(), received };
      const awaited = mailbox.awaited.shift();
      if (awaited === undefined) mailbox.sent.push(envelope);
      else awaited(envelope);
    });
  }

  receive(from: number, tag: number, into: Message): Promise<void> {
    return this.exchange.waits.run(`rank ${this.rank} waited for a message of rank ${from} under tag ${tag}`, (done, fail) => {
      checkPeer(from, this.size, "receive");
      checkTag(tag, Number.MAX_SAFE_INTEGER);
      const take = ({ data, received }: Envelope): void => {
        received();
        if (data[Symbol.toStringTag] === into[Symbol.toStringTag] && data.length === into.length) {
          into.set(data);
          done();
        } else {
          fail(new TransportError(`Rank ${this.rank} received ${describeArray(data)} from rank ${from} under tag ${tag} where it expected ${describeArray(into)}.`));
        }
      };
      const mailbox = this.#mailbox(from, this.rank, tag);
      const envelope = mailbox.sent.shift();
      if (envelope === undefined) mailbox.awaited.push(take);
      else take(envelope);
    });
  }

  group(ranks: readonly number[]): Promise<Group> {
    const members = ranks.join(",");
    const asked = this.#groups.get(members) ?? 0;
    this.#groups.set(members, asked + 1);
    const place = placeAmong(ranks, this.rank, this.size);
    return Promise.resolve(new LocalGroup(this.exchange, [...ranks], place, `${members}#${asked}`));
  }

  close(): Promise<void> {
    return this.#closed ??= (async () => {
      const everyone = await everyoneOf(this) as LocalGroup;
      await everyone.meet("close", undefined, () => {});
    })();
  }

  abort(reason: unknown): void {
    const why = reason instanceof Error ? reason.message : String(reason);
    this.exchange.waits.fail(new TransportError(`Rank ${this.rank} has ended: ${why}`));
  }

  #mailbox(from: number, to: number, tag: number): Mailbox {
    const key = `${from} ${to} ${tag}`;
    const mailbox = this.exchange.mail.get(key) ?? { sent: [], awaited: [] };
    this.exchange.mail.set(key, mailbox);
    return mailbox;
  }
}

class LocalGroup implements Group {
  constructor(readonly exchange: Exchange, readonly ranks: readonly number[], readonly place: number, readonly name: string) {}

  allReduce(data: Float32Array | Float64Array): Promise<void> {
    return this.meet(`all-reduce of ${describeArray(data)}`, data, (all) => {
      const sum = sumInOrder(all.map(({ data: part }) => part));
      for (const { data: part } of all) part.set(sum);
    });
  }

  reduceScatter(data: Float32Array, counts: readonly number[], into: Float32Array): Promise<void> {
    const check = (): void => checkCounts("reduce-scatter", counts, this.place, this.ranks.length, into.length, data.length);
    return this.meet(`reduce-scatter in pieces of ${counts.join(", ")}`, { data, into }, (all) => {
      const sum = sumInOrder(all.map(({ data: each }) => each.data));
      let start = 0;
      all.forEach(({ data: each }, at) => each.into.set(sum.subarray(start, start += counts[at] ?? 0)));
    }, check);
  }

  allGather(piece: Float32Array, counts: readonly number[], into: Float32Array): Promise<void> {
    const check = (): void => checkCounts("all-gather", counts, this.place, this.ranks.length, piece.length, into.length);
    return this.meet(`all-gather of pieces of ${counts.join(", ")}`, { piece, into }, (all) => {
      const pieces = all.map(({ data: each }) => each.piece.slice()); // a piece may be part of where it goes
      for (const { data: each } of all) {
        let start = 0;
        for (const part of pieces) {
          each.into.set(part, start);
          start += part.length;
        }
      }
    }, check);
  }

  broadcast(data: Message, root = 0): Promise<void> {
    const check = (): void => checkPlace(root, this.ranks);
    return this.meet(`broadcast of ${describeArray(data)} by the one at ${root}`, data, (all) => {
      const source = all[root];
      for (const each of all) if (source !== undefined && each !== source) each.data.set(source.data);
    }, check);
  }

  /** Waits until each member has come with its data, and lets the last that comes act on all of them, in order of place. */
  meet<T>(operation: string, data: T, act: (all: readonly Contribution<T>[]) => void, check: () => unknown = () => {}): Promise<void> {
    const rank = this.ranks[this.place] ?? 0;
    const meeting = this.exchange.meetings.join(this.name, this.place);
    const waitsFor = (): string => `rank ${rank} waited for ${nameRanks(meeting.absent(this.ranks))} to join: ${operation}`;
    return this.exchange.waits.run(waitsFor, (done, fail) => {
      check();
      meeting.come({ place: this.place, rank, operation, data, done, fail }, this.ranks.length, act);
    });
  }
}

/** In order of rank, rounded after each addition as the arrays' type rounds. */
function sumInOrder<T extends Float32Array | Float64Array>(arrays: readonly T[]): T {
  const [first, ...others] = arrays;
  if (first === undefined) throw new TransportError("Nobody is in the group.");
  const sum = first.slice() as T;
  for (const other of others) for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] ?? 0) + (other[at] ?? 0);
  return sum;
}
