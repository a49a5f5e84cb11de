import { DEAD, type ByteAutomaton } from "./byte-automaton.ts";
import { ConstraintError } from "./constraint-error.ts";

/** The tokens that may come next, in ascending order, and whether the text may end instead. */
export interface AllowedTokens {
  readonly tokens: Int32Array;
  readonly mayEnd: boolean;
}

/** A byte of a tree of all tokens. */
interface Branch {
  readonly branches: Map<number, Branch>;
  /** Tokens that end here. */
  readonly tokens: number[];
}

/**
 * Which tokens keep a text within a constraint. A state stands for all texts with the same continuations, and its
 * tokens are found once, by walking the automaton along a tree of all tokens.
 */
export class TokenMasks {
  readonly #automaton: ByteAutomaton;
  readonly #bytes: readonly (Uint8Array | undefined)[];
  readonly #tree: Branch = { branches: new Map(), tokens: [] };
  readonly #allowed = new Map<number, AllowedTokens>();

  /** `bytes`: what each token adds to a text. */
  constructor(automaton: ByteAutomaton, bytes: readonly (Uint8Array | undefined)[]) {
    this.#automaton = automaton;
    this.#bytes = bytes;
    bytes.forEach((spelling, token) => { if (spelling !== undefined) this.#plant(spelling, token); });
  }

  /** @throws ConstraintError where the text must go on, but no token can */
  allowed(state: number): AllowedTokens {
    const known = this.#allowed.get(state);
    if (known !== undefined) return known;
    const tokens: number[] = [];
    this.#walk(this.#tree, state, tokens);
    const found = { tokens: Int32Array.from(tokens).sort(), mayEnd: this.#automaton.accepts(state) };
    if (tokens.length === 0 && !found.mayEnd) {
      throw new ConstraintError("The constraint asks for a character that no token of the model's vocabulary can write; allow others.");
    }
    this.#allowed.set(state, found);
    return found;
  }

  /** The state after a token. @throws ConstraintError where the constraint does not allow it */
  next(state: number, token: number): number {
    let next = state;
    for (const byte of this.#bytes[token] ?? []) next = this.#automaton.next(next, byte);
    if (next === DEAD) throw new ConstraintError(`The constraint does not allow token ${token} here.`);
    return next;
  }

  #plant(spelling: Uint8Array, token: number): void {
    let branch = this.#tree;
    for (const byte of spelling) {
      const grown = branch.branches.get(byte) ?? { branches: new Map<number, Branch>(), tokens: [] };
      branch.branches.set(byte, grown);
      branch = grown;
    }
    branch.tokens.push(token);
  }

  #walk({ branches, tokens }: Branch, state: number, found: number[]): void {
    for (const token of tokens) found.push(token);
    for (const [byte, branch] of branches) {
      const next = this.#automaton.next(state, byte);
      if (next !== DEAD) this.#walk(branch, next, found);
    }
  }
}
