import { z } from "zod";
import { ConstraintError } from "./constraint-error.ts";

const TYPES = ["string", "number", "integer", "boolean", "null", "array", "object"] as const;
const count = z.int().nonnegative();
const names = z.array(z.string());

/** The keywords that are supported, one schema deep. Annotations mean nothing for validity. */
const SCHEMA = z.strictObject({
  type: z.union([z.enum(TYPES), z.array(z.enum(TYPES)).min(1)], { error: `expected one of ${TYPES.join(", ")}, or a list of these` }),
  properties: z.record(z.string(), z.unknown()),
  required: names,
  /** Objects never have properties beside those listed. */
  additionalProperties: z.unknown(),
  items: z.unknown(),
  minItems: count,
  maxItems: count,
  enum: z.array(z.unknown()).min(1),
  const: z.unknown(),
  pattern: z.string(),
  minLength: count,
  maxLength: count,
  anyOf: z.array(z.unknown()).min(1),
  $ref: z.string(),
  $defs: z.record(z.string(), z.unknown()),
  definitions: z.record(z.string(), z.unknown()),
  $schema: z.string(),
  $id: z.string(),
  $comment: z.string(),
  title: z.string(),
  description: z.string(),
  default: z.unknown(),
  examples: z.unknown(),
}).partial();

export type Schema = z.infer<typeof SCHEMA>;

/** Keywords that say alone what is valid, and those that would restrict it further. */
const DECIDING = ["$ref", "anyOf", "enum", "const"] as const;
const RESTRICTING = ["properties", "required", "items", "minItems", "maxItems", "pattern", "minLength", "maxLength"] as const;

/** Checks one level of a schema. @throws ConstraintError that names the place and what is wrong there */
export function checkSchema(schema: unknown, path: string): Schema {
  const result = SCHEMA.safeParse(schema);
  if (!result.success) {
    const [issue] = result.error.issues;
    const where = [path, ...(issue?.path ?? []).map(String)].join("/");
    if (issue?.code === "unrecognized_keys") {
      throw new ConstraintError(`The JSON Schema has "${issue.keys.join('", "')}" at ${where}, which is not supported; supported are ${Object.keys(SCHEMA.shape).join(", ")}.`);
    }
    throw new ConstraintError(`The JSON Schema is invalid at ${where}: ${issue?.message ?? "it is no schema"}.`);
  }
  return consistent(result.data, path);
}

function consistent(schema: Schema, path: string): Schema {
  const { type, properties = {}, required = [], minItems = 0, maxItems = Infinity, minLength = 0, maxLength = Infinity } = schema;
  const [deciding, ...others] = DECIDING.filter((keyword) => Object.hasOwn(schema, keyword));
  if (deciding === undefined && type === undefined) throw new ConstraintError(`The JSON Schema allows any value at ${path}; give type, enum, const, anyOf or $ref.`);
  // Listed values are compared with the type.
  const beside = [...others, ...RESTRICTING.filter((keyword) => Object.hasOwn(schema, keyword)), ...(type !== undefined && (deciding === "$ref" || deciding === "anyOf") ? ["type"] : [])];
  if (deciding !== undefined && beside.length > 0) {
    throw new ConstraintError(`The JSON Schema has "${beside.join('", "')}" beside "${deciding}" at ${path}, which are not supported together; say all of it in one.`);
  }
  const missing = required.find((name) => !Object.hasOwn(properties, name));
  if (missing !== undefined) throw new ConstraintError(`The JSON Schema requires "${missing}" at ${path}, but its properties do not say what that is.`);
  if (minItems > maxItems) throw new ConstraintError(`The JSON Schema asks at ${path} for at least ${minItems} and at most ${maxItems} items.`);
  if (minLength > maxLength) throw new ConstraintError(`The JSON Schema asks at ${path} for at least ${minLength} and at most ${maxLength} characters.`);
  return schema;
}
