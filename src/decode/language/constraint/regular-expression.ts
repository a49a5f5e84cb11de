import { JS, NFA, transform, Transformers, type Concatenation, type Element, type NoParent } from "refa";
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
  const expression = parse(source, flags, what);
  return withinLimit(what, () => {
    try {
      return NFA.fromRegex(expression, { maxCharacter: MAX_CHARACTER }, { assertions: "throw" }, states());
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("Assertions")) throw error;
      throw new ConstraintError(`${capitalized(what)} has an assertion that looks beyond the text, or is not decided by what stands beside it; spell it out.`);
    }
  });
}

function parse(source: string, flags: string, what: string): NoParent<Concatenation>[] {
  const pattern = syntax(source, flags, what);
  try {
    const { expression } = pattern.parse({ backreferences: "throw", assertions: "parse" });
    for (const alternative of expression.alternatives) dropEdges(alternative.elements);
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

/** Removes `^` at the beginning and `$` at the end of a whole text, where they are true. */
function dropEdges(elements: Element[]): void {
  while (isEdge(elements[0], "behind")) elements.shift();
  while (isEdge(elements.at(-1), "ahead")) elements.pop();
}

/** `^` is parsed as (?<![^]) and `$` as (?![^]). */
function isEdge(element: Element | undefined, kind: "ahead" | "behind"): boolean {
  if (element?.type !== "Assertion" || element.kind !== kind || !element.negate || element.alternatives.length !== 1) return false;
  const [inner, ...others] = element.alternatives[0]?.elements ?? [];
  return others.length === 0 && inner?.type === "CharacterClass" && inner.characters.isAll;
}
