import { TransportError, type Message } from "../transport.ts";

/** How long a rank waits for others before it gives up; long enough for a first compilation or a validation on one of them. */
export const WAIT_SECONDS = 300;

export interface TransportOptions {
  /** Seconds after which an operation that still waits for another rank throws; 300 by default. */
  readonly waitSeconds?: number;
}

/** "rank 3", "ranks 0, 1 and 4". */
export function nameRanks(ranks: readonly number[]): string {
  const last = ranks.at(-1);
  return ranks.length < 2 ? `rank ${last ?? "?"}` : `ranks ${ranks.slice(0, -1).join(", ")} and ${last}`;
}

export function checkPeer(rank: number, size: number, operation: string): void {
  if (Number.isInteger(rank) && rank >= 0 && rank < size) return;
  throw new TransportError(`${operation}: there is no rank ${rank}; ranks are 0 to ${size - 1}.`);
}

export function checkTag(tag: number, largest: number): void {
  if (Number.isInteger(tag) && tag >= 0 && tag <= largest) return;
  throw new TransportError(`A message has the tag ${tag}; tags are whole numbers from 0 to ${largest}.`);
}

/** A group's ranks: different ones of the transport, this one among them. Gives this one's place. */
export function placeAmong(ranks: readonly number[], rank: number, size: number): number {
  for (const member of ranks) checkPeer(member, size, "group");
  if (new Set(ranks).size !== ranks.length) throw new TransportError(`A group names a rank twice: ${ranks.join(", ")}.`);
  const place = ranks.indexOf(rank);
  if (place === -1) throw new TransportError(`Rank ${rank} asks for the group of ${nameRanks(ranks)}, which it is not in.`);
  return place;
}

/** Who broadcasts to a group is told by its place there. */
export function checkPlace(root: number, ranks: readonly number[]): void {
  if (Number.isInteger(root) && root >= 0 && root < ranks.length) return;
  throw new TransportError(`broadcast: nobody is at place ${root} of the group of ${nameRanks(ranks)}; places are 0 to ${ranks.length - 1}.`);
}

/** Pieces of a whole: one count a member, `mine` of which this one has, and together as many as the whole. */
export function checkCounts(operation: string, counts: readonly number[], place: number, members: number, mine: number, whole: number): void {
  if (counts.length !== members) throw new TransportError(`${operation}: ${counts.length} counts for ${members} ranks; give one for each.`);
  if (counts.some((count) => !Number.isInteger(count) || count < 0)) {
    throw new TransportError(`${operation}: counts are whole numbers, 0 or more; these are ${counts.join(", ")}.`);
  }
  if (counts[place] !== mine) throw new TransportError(`${operation}: the piece has ${mine} elements where its count is ${counts[place]}.`);
  const sum = counts.reduce((total, count) => total + count, 0);
  if (sum !== whole) throw new TransportError(`${operation}: the whole has ${whole} elements where the counts add up to ${sum}.`);
}

/** "12 Float32 elements". */
export function describeArray(data: Message): string {
  return `${data.length} ${data[Symbol.toStringTag].replace("Array", "")} elements`;
}
