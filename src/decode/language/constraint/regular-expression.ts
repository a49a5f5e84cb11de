import { CharSet, JS, NFA, transform, Transformers, type Concatenation, type Element, type NoParent, type Quantifier } from "refa";
import { ConstraintError } from "./constraint-error.ts";
import { capitalized, MAX_CHARACTER, states, TextConstraint, withinLimit } from "./text-constraint.ts";

/**
 * Restricts texts to those that an expression matches as a whole, as JavaScript's `new RegExp("^(?:…)$", "u")` would.
 * All of the language with these exceptions: backreferences only to groups of a few texts; `^`, `$`, `\b` and other assertions only where the text
 * around them decides them (`^` and `$` at the edges are always true).
 *
 *     const date = regularExpression("\\d{4}-\\d{2}-\\d{2}");
 *
 * @param flags beside `u`, one or both of `i` and `s`
 * @throws ConstraintError where the expression is invalid, has what is not supported, or matches nothing
 */
export function regularExpression(source: string, flags = ""): TextConstraint {
  const what = `the expression /${source}/`;
  if (!/^[is]*$/.test(flags)) throw new ConstraintError(`The flags of ${what} are "${flags}"; i and s are possible.`);
  return new TextConstraint(matching(source, `${flags}u`, what), what);
}

/** The texts that an expression matches as a whole. @throws ConstraintError as above */
export function matching(source: string, flags: string, what: string): NFA {
  return automatonOf(parse(source, flags, what, (elements) => void dropEdges(elements)), what);
}

/** The texts in which an expression matches somewhere, as JavaScript's `test` finds it. @throws ConstraintError as above */
export function containing(source: string, flags: string, what: string): NFA {
  return automatonOf(parse(source, flags, what, (elements) => {
    const { atBeginning, atEnd } = dropEdges(elements);
    if (!atBeginning) elements.unshift(anything());
    if (!atEnd) elements.push(anything());
  }), what);
}

function automatonOf(expression: NoParent<Concatenation>[], what: string): NFA {
  return withinLimit(what, () => {
    try {
      return NFA.fromRegex(expression, { maxCharacter: MAX_CHARACTER }, { assertions: "throw" }, states());
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("Assertions")) throw error;
      throw new ConstraintError(`${capitalized(what)} has an assertion that looks beyond the text, or is not decided by what stands beside it; spell it out.`);
    }
  });
}

/** Alternatives of an expression, whose elements `bound` has fitted to the texts that they stand for. */
function parse(source: string, flags: string, what: string, bound: (elements: NoParent<Element>[]) => void): NoParent<Concatenation>[] {
  const pattern = syntax(source, flags, what);
  try {
    const { expression } = pattern.parse({ backreferences: "throw", assertions: "parse" });
    for (const { elements } of expression.alternatives) bound(elements);
    return transform(Transformers.applyAssertions(), expression).alternatives;
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("Backreferences")) throw error;
    throw new ConstraintError(`${capitalized(what)} has a backreference, which no finite automaton can follow; spell the alternatives out.`);
  }
}

function syntax(source: string, flags: string, what: string): JS.Parser {
  try {
    return JS.Parser.fromLiteral({ source, flags });
  } catch (error) {
    throw new ConstraintError(`${capitalized(what)} is no regular expression: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** Removes `^` at the beginning and `$` at the end, where they are true of a whole text, and tells which there were. */
function dropEdges(elements: NoParent<Element>[]): { readonly atBeginning: boolean; readonly atEnd: boolean } {
  let [atBeginning, atEnd] = [false, false];
  for (; isEdge(elements[0], "behind"); atBeginning = true) elements.shift();
  for (; isEdge(elements.at(-1), "ahead"); atEnd = true) elements.pop();
  return { atBeginning, atEnd };
}

/** `[^]*` */
function anything(): NoParent<Quantifier> {
  const character = { type: "CharacterClass", characters: CharSet.all(MAX_CHARACTER) } as const;
  return { type: "Quantifier", min: 0, max: Infinity, lazy: false, alternatives: [{ type: "Concatenation", elements: [character] }] };
}

/** `^` is parsed as (?<![^]) and `$` as (?![^]). */
function isEdge(element: NoParent<Element> | undefined, kind: "ahead" | "behind"): boolean {
  if (element?.type !== "Assertion" || element.kind !== kind || !element.negate || element.alternatives.length !== 1) return false;
  const [inner, ...others] = element.alternatives[0]?.elements ?? [];
  return others.length === 0 && inner?.type === "CharacterClass" && inner.characters.isAll;
}
