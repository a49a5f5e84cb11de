/** Questions about the configuration's fields, answered from its JSON Schema. */
import type { z } from "zod";

/** A field or an object of fields, as JSON Schema describes it. */
export type FieldSchema = z.core.JSONSchema.BaseSchema;

export type Path = readonly (string | number)[];

/** The alternatives that a value may take: the members of a union, recursively, or the schema itself. */
export function alternatives(schema: FieldSchema): FieldSchema[] {
  const members = schema.oneOf ?? schema.anyOf;
  if (members === undefined) return [schema];
  return members.flatMap((member) => (isSchema(member) ? alternatives(member) : []));
}

/** The fields of an object schema; none for any other. */
export function fieldsOf(schema: FieldSchema): ReadonlyMap<string, FieldSchema> {
  return new Map(
    Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
      isSchema(field) ? [[name, field] as const] : [],
    ),
  );
}

/** The fields of one name that any of some object schemas has. */
export function fieldsNamed(schemas: readonly FieldSchema[], name: string): FieldSchema[] {
  return schemas.map((schema) => fieldsOf(schema).get(name)).filter((field) => field !== undefined);
}

/**
 * The alternatives that a value can have been meant as: those that share its `kind`, or, where there is no such kind,
 * those that know most of its fields.
 */
export function meantAlternatives(schema: FieldSchema, value: unknown): FieldSchema[] {
  const all = alternatives(schema);
  if (!isObject(value)) return all;
  const sameKind = all.filter((each) => value.kind !== undefined && kindOf(each) === value.kind);
  if (sameKind.length > 0) return sameKind;
  const known = (each: FieldSchema): number => Object.keys(value).filter((key) => fieldsOf(each).has(key)).length;
  const most = Math.max(...all.map(known));
  return all.filter((each) => known(each) === most);
}

/** The constant of an alternative's `kind` field. */
export function kindOf(schema: FieldSchema): unknown {
  return fieldsOf(schema).get("kind")?.const;
}

/** The names of the fields that may stand beside each other in `value`, which lies at a schema. */
export function knownNames(schema: FieldSchema, value: unknown): string[] {
  return [...new Set(meantAlternatives(schema, value).flatMap((each) => [...fieldsOf(each).keys()]))];
}

/** Every schema that a path may lead to from the root, given the values on the way. */
export function schemasAt(root: FieldSchema, path: Path, value: unknown): FieldSchema[] {
  const [head, ...rest] = path;
  if (head === undefined) return [root];
  const fields = typeof head === "number" ? itemsOf(root) : fieldsNamed(meantAlternatives(root, value), head);
  return fields.flatMap((field) => schemasAt(field, rest, valueAt(value, [head])));
}

/** What the elements of an array may be. */
function itemsOf(schema: FieldSchema): FieldSchema[] {
  return alternatives(schema).flatMap(({ items }) => (isSchema(items) ? [items] : []));
}

/** What a schema accepts, for people: `integer ≥ 1`, `"none" | "dot"`, `{ sentences } | { tokens }`. */
export function typeText(schema: FieldSchema): string {
  return [...new Set(alternatives(schema).map(singleTypeText))].join(" | ");
}

function singleTypeText(schema: FieldSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((each) => JSON.stringify(each)).join(" | ");
  switch (schema.type) {
    case "object": {
      const kind = kindOf(schema);
      if (kind !== undefined) return `{ kind: ${JSON.stringify(kind)}, … }`;
      return `{ ${(schema.required ?? Object.keys(schema.properties ?? {})).join(", ")} }`;
    }
    case "integer":
    case "number":
      return schema.type + rangeText(schema);
    case "string":
      return schema.minLength === undefined ? "string" : "non-empty string";
    case "array":
      if (schema.minItems === undefined) return "array";
      return schema.minItems === schema.maxItems ? `array of ${schema.minItems}` : `array of at least ${schema.minItems}`;
    default:
      return typeof schema.type === "string" ? schema.type : "value";
  }
}

function rangeText(schema: FieldSchema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const bounds: string[] = [];
  if (minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER) bounds.push(`≥ ${minimum}`);
  if (typeof exclusiveMinimum === "number") bounds.push(`> ${exclusiveMinimum}`);
  if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) bounds.push(`≤ ${maximum}`);
  if (typeof exclusiveMaximum === "number") bounds.push(`< ${exclusiveMaximum}`);
  return bounds.length === 0 ? "" : ` ${bounds.join(" and ")}`;
}

function isSchema(value: unknown): value is FieldSchema {
  return isObject(value);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value that a path leads to, through arrays by numbers; undefined where it leads nowhere. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (Array.isArray(inner)) return typeof key === "number" ? inner[key] : undefined;
    return isObject(inner) && Object.hasOwn(inner, key) ? inner[String(key)] : undefined;
  }, value);
}
