/** What ranks send each other. */
export type Message = Float32Array | Float64Array | Int32Array | Uint8Array;

/**
 * How the processes of one training reach each other. Each has a rank, counted from 0. An operation that cannot be
 * completed, because a rank is gone or has not answered in time, throws a `TransportError` that names the rank.
 */
export interface Transport {
  readonly rank: number;
  readonly size: number;
  /** Resolves once the array may be changed again, which need not be when the message has arrived. */
  send(to: number, tag: number, data: Message): Promise<void>;
  /** Waits for the next message of a rank under a tag and writes it over `into`, which is as long as it. Messages keep their order. */
  receive(from: number, tag: number, into: Message): Promise<void>;
  /** A group of ranks, this one among them. All of them ask for their common groups in the same order. */
  group(ranks: readonly number[]): Promise<Group>;
  /** Waits until every rank has come here, and leaves; once, however often it is called. */
  close(): Promise<void>;
}

/** Ranks that do something together: each of them calls the same operations in the same order. */
export interface Group {
  /** Their ranks in the transport. */
  readonly ranks: readonly number[];
  /** Place of this rank among them. */
  readonly place: number;
  /** Adds the arrays of all ranks, element by element, and writes the sum over each; the same bits everywhere. */
  allReduce(data: Float32Array | Float64Array): Promise<void>;
  /** Adds the arrays of all ranks; rank i gets the i-th stretch of the sum, of `counts[i]` elements, in `into`. */
  reduceScatter(data: Float32Array, counts: readonly number[], into: Float32Array): Promise<void>;
  /** Puts the arrays of all ranks one after another into `into` on each; that of rank i has `counts[i]` elements. */
  allGather(piece: Float32Array, counts: readonly number[], into: Float32Array): Promise<void>;
  /** Writes the array of the rank at `root` over that of each other. */
  broadcast(data: Message, root?: number): Promise<void>;
}

/** All ranks of a transport, as a group. All of them ask for it. */
export function everyoneOf(transport: Transport): Promise<Group> {
  return transport.group(Array.from({ length: transport.size }, (_, rank) => rank));
}

/** There is no way to the other ranks: no MPI library, or another one than what started them. To try again is of no use. */
export class NoTransportError extends Error {
  override readonly name = "NoTransportError";
}

/** Ranks cannot reach each other. */
export class TransportError extends Error {
  override readonly name = "TransportError";
}
