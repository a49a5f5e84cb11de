import { NFA } from "refa";
import { ConstraintError } from "./constraint-error.ts";
import { containing, matching } from "./regular-expression.ts";
import { checkSchema, type Schema } from "./schema-check.ts";
import { MAX_CHARACTER, states, TextConstraint, withinLimit } from "./text-constraint.ts";

const WHAT = "the JSON Schema";

/** As strings are written here: no escapes of characters that need none. */
const CHARACTER = String.raw`(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u(?:[0-9a-cefA-CEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}))`;
/** As many digits as a float64 tells apart, so that no number is written that JSON readers turn into infinity. */
const INTEGER = "-?(?:0|[1-9][0-9]{0,14})";
const NUMBER = `${INTEGER}(?:\\.[0-9]{1,15})?(?:[eE][+-]?[0-9]{1,2})?`;
/** Between a colon or comma and what follows. */
const SPACE = " ?";

/**
 * Restricts texts to JSON that is valid by a schema: objects with their properties in the order of the schema, arrays,
 * enum, const, strings with pattern or lengths, numbers, integers, booleans, null, anyOf, and references to $defs that
 * do not lead back to themselves. Nothing but a single space after a comma or colon stands between the parts.
 *
 *     jsonSchema({ type: "object", properties: { name: { type: "string" }, age: { type: "integer" } }, required: ["name"] });
 *
 * @throws ConstraintError where the schema is invalid, holds a keyword that is not supported, or is met by nothing
 */
export function jsonSchema(schema: unknown): TextConstraint {
  const definitions = new Definitions(schema);
  return new TextConstraint(withinLimit(WHAT, () => valueOf(checkSchema(schema, "#"), definitions, "#")), WHAT);
}

/** What references lead to, and which of them are being followed. */
class Definitions {
  readonly #open: string[] = [];

  constructor(private readonly root: unknown) {}

  follow<T>(reference: string, path: string, use: (schema: Schema) => T): T {
    if (this.#open.includes(reference)) {
      throw new ConstraintError(`The JSON Schema refers to ${reference} from within itself, at ${path}; texts of any depth are no regular set. Spell out as many levels as you need.`);
    }
    this.#open.push(reference);
    try {
      return use(checkSchema(this.#find(reference, path), reference));
    } finally {
      this.#open.pop();
    }
  }

  #find(reference: string, path: string): unknown {
    const [start, ...steps] = reference.split("/").map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"));
    let found: unknown = start === "#" ? this.root : undefined;
    for (const step of steps) {
      found = typeof found === "object" && found !== null && Object.hasOwn(found, step) ? (found as Record<string, unknown>)[step] : undefined;
    }
    if (found === undefined) throw new ConstraintError(`The JSON Schema refers to ${reference} at ${path}, which it does not hold; references look like "#/$defs/name".`);
    return found;
  }
}

/** The texts of the values that a schema allows. */
function valueOf(schema: Schema, definitions: Definitions, path: string): NFA {
  if (schema.$ref !== undefined) return definitions.follow(schema.$ref, path, (target) => valueOf(target, definitions, schema.$ref ?? path));
  if (schema.anyOf !== undefined) {
    return either(schema.anyOf.map((branch, at) => valueOf(checkSchema(branch, `${path}/anyOf/${at}`), definitions, `${path}/anyOf/${at}`)));
  }
  const types = typeof schema.type === "string" ? [schema.type] : schema.type;
  const listed = schema.enum ?? (Object.hasOwn(schema, "const") ? [schema.const] : undefined);
  if (listed !== undefined) {
    const allowed = listed.filter((value) => types === undefined || types.some((type) => isOfType(value, type)));
    return either(allowed.map((value) => literal(JSON.stringify(value))));
  }
  return either((types ?? []).map((type) => ofType(type, schema, definitions, path)));
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}

function ofType(type: string, schema: Schema, definitions: Definitions, path: string): NFA {
  switch (type) {
    case "null":
      return literal("null");
    case "boolean":
      return either([literal("true"), literal("false")]);
    case "integer":
      return expression(INTEGER);
    case "number":
      return expression(NUMBER);
    case "string":
      return stringOf(schema, path);
    case "array":
      return arrayOf(schema, definitions, path);
    default:
      return objectOf(schema, definitions, path);
  }
}

function stringOf({ pattern, minLength = 0, maxLength = Infinity }: Schema, path: string): NFA {
  if (pattern === undefined) {
    return expression(`"${CHARACTER}{${minLength},${maxLength === Infinity ? "" : maxLength}}"`);
  }
  // Characters that JSON escapes do not occur in texts that are written for a pattern.
  const plain = expression(`[^"\\\\\\x00-\\x1f]{${minLength},${maxLength === Infinity ? "" : maxLength}}`);
  return sequence([literal('"'), NFA.fromIntersection(containing(pattern, "u", `the pattern of ${path}`), plain, states()), literal('"')]);
}

function arrayOf({ items, minItems = 0, maxItems = Infinity }: Schema, definitions: Definitions, path: string): NFA {
  if (items === undefined) throw new ConstraintError(`The JSON Schema has an array without items at ${path}; say what its items are.`);
  const item = (): NFA => valueOf(checkSchema(items, `${path}/items`), definitions, `${path}/items`);
  const more = sequence([expression(`,${SPACE}`), item()]);
  more.quantify(Math.max(0, minItems - 1), maxItems === Infinity ? Infinity : Math.max(0, maxItems - 1), states());
  const filled = sequence([literal("["), item(), more, literal("]")]);
  if (maxItems === 0) return literal("[]");
  return minItems > 0 ? filled : either([literal("[]"), filled]);
}

/** Properties in order, each that is not required there or not; the commas stand between those that are. */
function objectOf({ properties = {}, required = [] }: Schema, definitions: Definitions, path: string): NFA {
  const members = Object.entries(properties).map(([name, value]) => ({
    member: sequence([expression(`${escaped(JSON.stringify(name))}:${SPACE}`), valueOf(checkSchema(value, `${path}/properties/${name}`), definitions, `${path}/properties/${name}`)]),
    needed: required.includes(name),
  }));
  // From the last property to the first: what may follow where members stand before, and where none does.
  let after = literal("");
  let first = literal("");
  for (const { member, needed } of members.reverse()) {
    const beginning = sequence([member, after]);
    const following = sequence([expression(`,${SPACE}`), member, after]);
    first = needed ? beginning : either([beginning, first]);
    after = needed ? following : either([following, after]);
  }
  return sequence([literal("{"), first, literal("}")]);
}

function literal(text: string): NFA {
  return NFA.fromWords([Array.from(text, (character) => (character.codePointAt(0) ?? 0) as never)], { maxCharacter: MAX_CHARACTER }, states());
}

function expression(source: string): NFA {
  return matching(source, "u", WHAT);
}

function sequence(parts: readonly NFA[]): NFA {
  const whole = literal("");
  for (const part of parts) whole.append(part, states());
  return whole;
}

function either(options: readonly NFA[]): NFA {
  const all = NFA.empty({ maxCharacter: MAX_CHARACTER }, states());
  for (const option of options) all.union(option, states());
  return all;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
