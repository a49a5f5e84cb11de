import type { Signature } from "../../graph/program.ts";
import { MemoryLayout } from "./memory-layout.ts";
import { TextMemory } from "./text-memory.ts";
import type { RememberedPrefixes } from "./token-scorer.ts";

/** Tokens that follow others, with what the model remembers of them. */
interface Stretch {
  tokens: Int32Array;
  /** Of the tokens, in arrays that grow. */
  growing: Float32Array;
  /** Of all up to the last token, in arrays that do not grow; `undefined` where it was not kept from just there. */
  state: Float32Array | undefined;
  parent: Stretch | undefined;
  /** By their first tokens. */
  readonly children: Map<number, Stretch>;
  /** When it was last needed. */
  used: number;
}

/** Share of the room that stays filled when memories are forgotten, so that it does not happen each time. */
const KEPT = 0.8;

/**
 * Memories of texts that were read, in a tree: texts that begin alike share what is remembered of the beginning. Beyond
 * `limit` bytes, the ends of those texts are forgotten that were needed longest ago.
 */
export class PrefixCache implements RememberedPrefixes<TextMemory> {
  readonly #layout: MemoryLayout;
  #root = stretch(new Int32Array(), new Float32Array(), undefined, undefined);
  #bytes = 0;
  #time = 0;

  /** `types` as `TextMemory.empty` takes them. */
  constructor(types: Signature, readonly limit: number) {
    this.#layout = new MemoryLayout(types);
  }

  /** Of all that is remembered. */
  get bytes(): number {
    return this.#bytes;
  }

  count(tokens: ArrayLike<number>): number {
    let count = 0;
    this.#follow(tokens, tokens.length - 1, (found, shared, start) => {
      if (this.#layout.hasState ? shared === found.tokens.length && found.state !== undefined : shared > 0) count = start + shared;
    });
    return count;
  }

  recall(tokens: ArrayLike<number>, count: number, memory: TextMemory, row: number): void {
    this.#follow(tokens, count, (found, shared, start) => {
      this.#layout.write(found.growing, found.tokens.length, memory, row, start, shared);
      if (start + shared === count && found.state !== undefined) this.#layout.writeState(found.state, memory, row);
    });
    memory.lengths[row] = count;
  }

  retain(tokens: ArrayLike<number>, memory: TextMemory, row: number): void {
    const length = memory.lengths[row] ?? 0;
    let [last, known] = [this.#root, 0];
    this.#follow(tokens, length, (found, shared, start) => {
      last = shared < found.tokens.length ? this.#split(found, shared) : found;
      known = start + shared;
    });
    if (known < length) {
      const added = stretch(Int32Array.from({ length: length - known }, (_, at) => tokens[known + at] ?? 0), this.#layout.read(memory, row, known, length), undefined, last);
      added.used = this.#time;
      last.children.set(added.tokens[0] ?? 0, added);
      this.#bytes += bytesOf(added);
      last = added;
    }
    if (this.#layout.hasState && last.state === undefined && last !== this.#root) {
      last.state = this.#layout.readState(memory, row);
      this.#bytes += last.state.byteLength;
    }
    if (this.#bytes > this.limit) this.#forget();
  }

  join(memories: readonly TextMemory[]): TextMemory {
    return TextMemory.join(memories);
  }

  clear(): void {
    this.#root = stretch(new Int32Array(), new Float32Array(), undefined, undefined);
    this.#bytes = 0;
  }

  /** Visits the stretches that the first `count` tokens go along: how many tokens of each they share, after how many. */
  #follow(tokens: ArrayLike<number>, count: number, visit: (found: Stretch, shared: number, start: number) => void): void {
    this.#time++;
    for (let [at, start] = [this.#root, 0]; start < count;) {
      const next = at.children.get(tokens[start] ?? -1);
      if (next === undefined) return;
      let shared = 1;
      while (shared < next.tokens.length && start + shared < count && next.tokens[shared] === tokens[start + shared]) shared++;
      next.used = this.#time;
      const whole = shared === next.tokens.length;
      visit(next, shared, start);
      if (!whole) return;
      [at, start] = [next, start + shared];
    }
  }

  /** Cuts a stretch in two; gives the first. */
  #split(whole: Stretch, at: number): Stretch {
    const { tokens, growing, parent } = whole;
    const [first, rest] = this.#layout.split(growing, tokens.length, at);
    const beginning = stretch(tokens.slice(0, at), first, undefined, parent);
    beginning.used = whole.used;
    parent?.children.set(beginning.tokens[0] ?? 0, beginning);
    whole.tokens = tokens.slice(at);
    whole.growing = rest;
    whole.parent = beginning;
    beginning.children.set(whole.tokens[0] ?? 0, whole);
    return beginning;
  }

  #forget(): void {
    const ends = [...leaves(this.#root)].filter((end) => end !== this.#root).sort((a, b) => b.used - a.used);
    for (let end = ends.pop(); end !== undefined && this.#bytes > KEPT * this.limit; end = ends.pop()) {
      const { parent } = end;
      parent?.children.delete(end.tokens[0] ?? 0);
      this.#bytes -= bytesOf(end);
      // What it followed was needed whenever it was, so that this one is next to go only after older ends.
      if (parent !== undefined && parent !== this.#root && parent.children.size === 0) insertByUse(ends, parent);
    }
  }
}

function stretch(tokens: Int32Array, growing: Float32Array, state: Float32Array | undefined, parent: Stretch | undefined): Stretch {
  return { tokens, growing, state, parent, children: new Map(), used: 0 };
}

function bytesOf({ tokens, growing, state }: Stretch): number {
  return tokens.byteLength + growing.byteLength + (state?.byteLength ?? 0);
}

function* leaves(from: Stretch): Generator<Stretch> {
  if (from.children.size === 0) yield from;
  for (const child of from.children.values()) yield* leaves(child);
}

/** Keeps a list in the order of falling use. */
function insertByUse(ends: Stretch[], added: Stretch): void {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle]?.used ?? 0) >= added.used) low = middle + 1;
    else high = middle;
  }
  ends.splice(low, 0, added);
}
