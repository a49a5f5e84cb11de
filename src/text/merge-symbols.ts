/** Ranks and results of a tokenizer's merges. */
export interface MergeTable {
  /** The rank of joining two neighbours, or `NO_MERGE`. */
  rank(left: number, right: number): number;
  /** The symbol that a merge makes. */
  merged(rank: number): number;
}

export const NO_MERGE = 0x7fffffff;

/** Up to this length, looking at every neighbour again costs less than keeping them in order. */
const SHORT = 64;

/** Merges neighbours until none has a rank: the lowest rank first, and of equal ranks the leftmost. */
export function mergeSymbols(symbols: number[], table: MergeTable): number[] {
  return symbols.length <= SHORT ? mergeShort(symbols, table) : mergeLong(symbols, table);
}

function mergeShort(symbols: number[], table: MergeTable): number[] {
  const rankAt = (at: number): number => {
    const [left, right] = [symbols[at], symbols[at + 1]];
    return left === undefined || right === undefined ? NO_MERGE : table.rank(left, right);
  };
  const ranks = symbols.map((_, at) => rankAt(at));
  for (;;) {
    let best = NO_MERGE;
    let at = -1;
    for (let i = 0; i < ranks.length; i++) {
      const rank = ranks[i] ?? NO_MERGE;
      if (rank < best) {
        best = rank;
        at = i;
      }
    }
    if (at < 0) return symbols;
    symbols.splice(at, 2, table.merged(best));
    ranks.splice(at, 1);
    ranks[at] = rankAt(at);
    if (at > 0) ranks[at - 1] = rankAt(at - 1);
  }
}

/** The same over a linked list and a heap of candidates: n log n, for words of any length. */
function mergeLong(symbols: readonly number[], table: MergeTable): number[] {
  const length = symbols.length;
  const ids = Int32Array.from(symbols);
  const next = Int32Array.from({ length }, (_, at) => at + 1);
  const previous = Int32Array.from({ length }, (_, at) => at - 1);
  /** The rank of a place and its right neighbour now; a candidate whose rank has changed since is stale. */
  const ranks = new Int32Array(length).fill(NO_MERGE);
  const heap = new CandidateHeap();
  const consider = (at: number): void => {
    const right = next[at] ?? length;
    const rank = right < length ? table.rank(ids[at] ?? 0, ids[right] ?? 0) : NO_MERGE;
    ranks[at] = rank;
    if (rank !== NO_MERGE) heap.push(rank, at);
  };
  for (let at = 0; at + 1 < length; at++) consider(at);
  for (let candidate = heap.pop(); candidate !== undefined; candidate = heap.pop()) {
    const { rank, at } = candidate;
    if (ranks[at] !== rank) continue;
    const right = next[at] ?? length;
    const after = next[right] ?? length;
    ids[at] = table.merged(rank);
    ranks[right] = NO_MERGE;
    next[at] = after;
    if (after < length) previous[after] = at;
    consider(at);
    const before = previous[at] ?? -1;
    if (before >= 0) consider(before);
  }
  const result: number[] = [];
  for (let at = 0; at < length; at = next[at] ?? length) result.push(ids[at] ?? 0);
  return result;
}

/** A binary heap of (rank, place), each pair in one double. */
class CandidateHeap {
  readonly #keys: number[] = [];

  push(rank: number, at: number): void {
    const keys = this.#keys;
    const key = rank * PLACES + at;
    let hole = keys.length;
    keys.push(key);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = keys[parent] ?? 0;
      if (above <= key) break;
      keys[hole] = above;
      hole = parent;
    }
    keys[hole] = key;
  }

  pop(): { rank: number; at: number } | undefined {
    const keys = this.#keys;
    const top = keys[0];
    const last = keys.pop();
    if (top === undefined || last === undefined) return undefined;
    if (keys.length > 0) this.#sink(last);
    return { rank: Math.floor(top / PLACES), at: top % PLACES };
  }

  #sink(key: number): void {
    const keys = this.#keys;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= keys.length) break;
      if ((keys[child + 1] ?? Infinity) < (keys[child] ?? Infinity)) child++;
      const below = keys[child] ?? Infinity;
      if (below >= key) break;
      keys[hole] = below;
      hole = child;
    }
    keys[hole] = key;
  }
}

/** More than the symbols of the longest string; with ranks below 2²¹ a key is a whole number that a double holds. */
const PLACES = 2 ** 32;
