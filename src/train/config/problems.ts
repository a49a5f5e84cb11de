/** Turns what is wrong with a configuration into sentences. */
import type { z } from "zod";
import { nearest, suggestion } from "./suggest.ts";
import {
  alternatives,
  fieldsOf,
  isObject,
  kindOf,
  knownNames,
  meantAlternatives,
  schemasAt,
  typeText,
  valueAt,
  type FieldSchema,
  type Path,
} from "./schema.ts";

/** A configuration that cannot be used; `problems` holds one sentence for each thing that is wrong with it. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(
    readonly problems: readonly string[],
    subject = "The configuration",
    options?: ErrorOptions,
  ) {
    const [only = "is not valid."] = problems;
    const list =
      problems.length > 1
        ? `${subject} has ${problems.length} problems:\n${problems.map((each) => `- ${each}`).join("\n")}`
        : `${subject} has a problem: ${only}`;
    super(list, options);
  }
}

type Issue = z.core.$ZodIssue;

/**
 * What a schema makes of an input.
 *
 * @param fields the schema as a JSON Schema
 * @param problems what is wrong with the input besides
 * @param subject what the error calls the input
 * @throws ConfigError that lists everything that is wrong, a sentence each
 */
export function resolveBy<Config>(schema: z.ZodType<Config>, fields: FieldSchema, input: unknown, { problems = [], subject }: { readonly problems?: readonly string[]; readonly subject: string }): Config {
  const parsed = schema.safeParse(input);
  if (parsed.success && problems.length === 0) return parsed.data;
  const issues = parsed.success ? [] : describeIssues(parsed.error.issues, fields, input);
  throw new ConfigError([...issues, ...problems], subject);
}

/**
 * The sentences for a failed parse, in the order of the fields, without repetition.
 *
 * @param issues what the parse reported
 * @param schema the JSON Schema of what was parsed
 * @param input what was parsed
 */
function describeIssues(issues: readonly Issue[], schema: FieldSchema, input: unknown): string[] {
  return [...new Set(issues.flatMap((issue) => describeIssue(issue, [], schema, input)))];
}

function describeIssue(issue: Issue, base: Path, root: FieldSchema, input: unknown): string[] {
  const path = [...base, ...keysOf(issue)];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownField(key, path, root, input));
    case "invalid_union":
      if (issue.discriminator !== undefined)
        return [wrongKind(path, ("options" in issue ? issue.options : undefined) ?? [], input)];
      return wrongAlternative(issue.errors, path, root, input);
    case "invalid_format":
      return [unexpected(path, issue.message, input)];
    default:
      return [unexpected(path, expectedAt(path, root, input) ?? issue.message, input)];
  }
}

/** `path: received x, expected y.` */
function unexpected(path: Path, expected: string, input: unknown): string {
  return `${pathText(path)}: ${received(valueAt(input, path))}, expected ${expected}.`;
}

function expectedAt(path: Path, root: FieldSchema, input: unknown): string | undefined {
  const texts = new Set(schemasAt(root, path, input).map(typeText));
  return texts.size === 0 ? undefined : [...texts].join(" | ");
}

function unknownField(key: string, path: Path, root: FieldSchema, input: unknown): string {
  const value = valueAt(input, path);
  const schemas = schemasAt(root, path, input);
  const known = schemas.flatMap((schema) => knownNames(schema, value));
  const kind = isObject(value) ? value.kind : undefined;
  const choices = schemas.flatMap(alternatives);
  const dependsOnKind = choices.length > 1 && choices.some((each) => kind !== undefined && kindOf(each) === kind);
  const whose = dependsOnKind ? ` for kind ${JSON.stringify(kind)}` : "";
  return `${pathText([...path, key])}: unknown field${whose}; ${suggestion(key, known)}`;
}

function wrongKind(path: Path, options: readonly unknown[], input: unknown): string {
  const kind = valueAt(input, path);
  const names = options.filter((each) => typeof each === "string");
  const near = typeof kind === "string" ? nearest(kind, names) : undefined;
  const hint = near === undefined ? "." : `; did you mean "${near}"?`;
  const expected = options.map((each) => JSON.stringify(each)).join(" | ");
  return `${pathText(path)}: ${received(kind)}, expected ${expected}${hint}`;
}

/** A value that fits no member of a union: report what keeps it from the member that it was most likely meant as. */
function wrongAlternative(errors: readonly Issue[][], path: Path, root: FieldSchema, input: unknown): string[] {
  const value = valueAt(input, path);
  const schemas = schemasAt(root, path, input);
  const whole = [unexpected(path, expectedAt(path, root, input) ?? "another value", input)];
  if (!isObject(value) || Object.keys(value).length === 0) return whole;

  const everyName = new Set(schemas.flatMap(alternatives).flatMap((each) => [...fieldsOf(each).keys()]));
  const unknown = Object.keys(value).filter((key) => !everyName.has(key));
  if (unknown.length > 0) return unknown.map((key) => unknownField(key, path, root, input));

  const meant = schemas.flatMap((schema) => meantAlternatives(schema, value));
  const together = meant.some((each) => Object.keys(value).every((key) => fieldsOf(each).has(key)));
  if (!together) {
    const names = Object.keys(value).map((key) => `"${key}"`);
    return [
      `${pathText(path)}: ${names.join(", ")} cannot be given together; ` +
        `expected ${expectedAt(path, root, input) ?? "fewer fields"}.`,
    ];
  }
  const [closest] = [...errors].sort((a, b) => distanceOf(a, value) - distanceOf(b, value));
  return closest === undefined ? whole : closest.flatMap((issue) => describeIssue(issue, path, root, input));
}

/** How far a value is from a union's member, whose complaints are given: missing and unknown fields tell most. */
function distanceOf(issues: readonly Issue[], value: unknown): number {
  const weight = (issue: Issue): number => {
    if (issue.code === "unrecognized_keys") return 2 * issue.keys.length;
    const missing = valueAt(value, keysOf(issue)) === undefined;
    if (issue.code === "invalid_union" && missing) return 3;
    return missing ? 2 : 1;
  };
  return issues.reduce((sum, issue) => sum + weight(issue), 0);
}

/** Where an issue lies: names of fields, and numbers of elements of arrays. */
function keysOf({ path }: Issue): Path {
  return path.map((key) => (typeof key === "number" ? key : String(key)));
}

/** A path for people: `training.batch.tokens`. */
function pathText(path: Path): string {
  const segments = path.map((key) => (/^[\w-]+$/.test(String(key)) ? String(key) : JSON.stringify(key)));
  return segments.length === 0 ? "the configuration" : segments.join(".");
}

function received(value: unknown): string {
  if (value === undefined) return "nothing was given";
  if (typeof value === "number" || typeof value === "bigint") return `received ${value}`;
  if (typeof value === "function") return "received a function";
  const json = JSON.stringify(value);
  return `received ${json.length > 60 ? `${json.slice(0, 57)}...` : json}`;
}
