import { TransportError, type Message } from "../transport.ts";
import type { Handle } from "./mpi-functions.ts";
import { addressOf, type MpiLibrary } from "./mpi-library.ts";

/** MPI counts elements in a C int. */
const MOST_ELEMENTS = 2 ** 31 - 1;

/** Begins to send; `data` must stay as it is until the request has ended. */
export function isend(library: MpiLibrary, data: Message, to: number, tag: number, communicator: Handle, request: bigint): void {
  library.call("Isend", addressOf(data), countOf(data), typeOf(data, library), to, tag, communicator, request);
}

/** Begins to receive. */
export function irecv(library: MpiLibrary, into: Message, from: number, tag: number, communicator: Handle, request: bigint): void {
  library.call("Irecv", addressOf(into), countOf(into), typeOf(into, library), from, tag, communicator, request);
}

/** How many elements a message had, from the status of its receive. */
export function receivedCount(library: MpiLibrary, into: Message, status: bigint): number {
  const received = new Int32Array(1);
  library.call("Get_count", status, typeOf(into, library), received);
  return received[0] ?? 0;
}

export function typeOf(data: Message, { handles }: MpiLibrary): Handle {
  if (data instanceof Float32Array) return handles.float32;
  if (data instanceof Float64Array) return handles.float64;
  return data instanceof Int32Array ? handles.int32 : handles.byte;
}

/** How many elements a message has, where MPI can count them. */
export function countOf(data: Message): number {
  if (data.length > MOST_ELEMENTS) throw new TransportError(`A message has ${data.length} elements, where MPI counts up to ${MOST_ELEMENTS}; send it in parts.`);
  return data.length;
}
