import { DFA, NFA, TooManyNodesError, type ReadonlyNFA } from "refa";
import { ConstraintError } from "./constraint-error.ts";

/** The largest code point: expressions are read with the flag `u`. */
export const MAX_CHARACTER = 0x10ffff;

/** States that an automaton may have; one of a long list of counted repetitions grows fast. */
const MAX_STATES = 20_000;

/** A regular set of texts: what a generated text must belong to. Made by `regularExpression` and `jsonSchema`. */
export class TextConstraint {
  readonly automaton: DFA;

  /**
   * @param what names the constraint in errors
   * @throws ConstraintError where nothing matches, or too much is to be told apart
   */
  constructor(texts: ReadonlyNFA, what: string) {
    this.automaton = withinLimit(what, () => DFA.fromFA(texts, new DFA.LimitedNodeFactory(MAX_STATES)));
    this.automaton.minimize();
    if (this.automaton.isEmpty) throw new ConstraintError(`No text matches ${what}.`);
  }
}

/** Runs a construction. @throws ConstraintError where it needs too many states */
export function withinLimit<T>(what: string, build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof TooManyNodesError)) throw error;
    throw new ConstraintError(`${capitalized(what)} needs an automaton of more than ${MAX_STATES} states; make counted repetitions or length limits smaller.`);
  }
}

/** Room for the states of one construction. */
export function states(): InstanceType<typeof NFA.LimitedNodeFactory> {
  return new NFA.LimitedNodeFactory(MAX_STATES);
}

export function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
