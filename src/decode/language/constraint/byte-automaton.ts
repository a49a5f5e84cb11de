import type { DFA } from "refa";

/** No text goes on from here. */
export const DEAD = -1;

const UNKNOWN = -2;

interface ByteState {
  readonly node: DFA.ReadonlyNode;
  /** Bits of a character that is not whole, and the bytes that it lacks. */
  readonly bits: number;
  readonly missing: number;
  /** State after each byte. */
  readonly next: Int32Array;
}

/** An automaton over code points as one over the bytes of UTF-8, whose states are numbered as they are met. */
export class ByteAutomaton {
  readonly initial = 0;
  readonly #states: ByteState[] = [];
  readonly #numbers = new Map<DFA.ReadonlyNode, Map<string, number>>();
  readonly #finals: ReadonlySet<DFA.ReadonlyNode>;

  constructor(automaton: DFA) {
    this.#finals = automaton.finals;
    this.#number(automaton.initial, 0, 0);
  }

  /** Whether the text so far may end here. */
  accepts(state: number): boolean {
    const known = this.#states[state];
    return known !== undefined && known.missing === 0 && this.#finals.has(known.node);
  }

  /** The state after one more byte, or `DEAD`. */
  next(state: number, byte: number): number {
    const known = this.#states[state];
    if (known === undefined) return DEAD;
    const next = known.next[byte] ?? DEAD;
    return next === UNKNOWN ? (known.next[byte] = this.#follow(known, byte)) : next;
  }

  #follow({ node, bits, missing }: ByteState, byte: number): number {
    if (missing > 0) {
      const more = bits * 64 + (byte & 0x3f);
      const overlong = bits === 0 && more * 64 ** (missing - 1) < smallest(missing);
      if (byte < 0x80 || byte >= 0xc0 || overlong) return DEAD;
      return missing === 1 ? this.#enter(node, more) : this.#begin(node, more, missing - 1);
    }
    if (byte < 0x80) return this.#enter(node, byte);
    if (byte >= 0xc2 && byte < 0xe0) return this.#begin(node, byte & 0x1f, 1);
    if (byte >= 0xe0 && byte < 0xf0) return this.#begin(node, byte & 0x0f, 2);
    return byte >= 0xf0 && byte < 0xf5 ? this.#begin(node, byte & 0x07, 3) : DEAD;
  }

  /** Goes on by a whole character. */
  #enter(node: DFA.ReadonlyNode, character: number): number {
    const next = isSurrogate(character) ? undefined : node.out.get(character);
    return next === undefined ? DEAD : this.#number(next, 0, 0);
  }

  /** Goes on within a character, if one that is allowed begins with these bits. */
  #begin(node: DFA.ReadonlyNode, bits: number, missing: number): number {
    const min = Math.max(bits === 0 ? smallest(missing) : 0, bits * 64 ** missing);
    const max = Math.min(0x10ffff, (bits + 1) * 64 ** missing - 1);
    const has = (from: number, to: number): boolean => from <= to && node.out.hasSome({ min: from, max: to });
    const possible = has(min, Math.min(max, FIRST_SURROGATE - 1)) || has(Math.max(min, LAST_SURROGATE + 1), max);
    return possible ? this.#number(node, bits, missing) : DEAD;
  }

  #number(node: DFA.ReadonlyNode, bits: number, missing: number): number {
    const numbers = this.#numbers.get(node) ?? new Map<string, number>();
    this.#numbers.set(node, numbers);
    const key = `${bits} ${missing}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, this.#states.length);
    this.#states.push({ node, bits, missing, next: new Int32Array(256).fill(UNKNOWN) });
    return this.#states.length - 1;
  }
}

/** The smallest character of which a first byte without bits leaves so many bytes missing; smaller ones have shorter forms. */
function smallest(missing: number): number {
  return missing === 2 ? 0x800 : 0x10000;
}

const FIRST_SURROGATE = 0xd800;
const LAST_SURROGATE = 0xdfff;

function isSurrogate(character: number): boolean {
  return character >= FIRST_SURROGATE && character <= LAST_SURROGATE;
}
