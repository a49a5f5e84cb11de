/** `--set path=value`: changes to a configuration from the command line. */
import { ConfigError } from "./problems.ts";
import { alternatives, fieldsNamed, fieldsOf, isObject, kindOf, valueAt, type FieldSchema } from "./schema.ts";
import { suggestion } from "./suggest.ts";

/** Fields of which only one may be given: setting one takes the other out. */
const exclusive: readonly (readonly [string, string])[] = [["training.epochs", "training.steps"]];

/** Fields that default to another's value, or to a multiple of it. */
const followers: Readonly<Record<string, readonly { readonly path: string; readonly times: readonly number[] }[]>> = {
  "model.layers": [{ path: "model.encoderLayers", times: [1] }, { path: "model.decoderLayers", times: [1] }],
  "model.hidden": [{ path: "model.embedding", times: [1] }],
  "model.heads": [{ path: "model.keyValueHeads", times: [1] }],
  "model.dimension": [{ path: "model.feedForward", times: [4, 8 / 3] }],
};

/**
 * A configuration with overrides applied, in their order. A value is read as JSON, and as a string where it is not
 * JSON. Setting a field of something that was left out, such as `training.optimizer.learningRate`, starts from its
 * default; setting one alternative of a pair, such as `training.batch.sentences`, replaces the other. A field that has the
 * value which it takes from another, as in a run's `config.json`, follows that one where it is set.
 *
 *     applyOverrides(input, ["training.batch.tokens=8192", "name=larger"], runJsonSchema)
 *
 * @param input an unresolved configuration; it is not changed
 * @throws ConfigError that lists every override that has no `=` or whose path does not exist
 */
export function applyOverrides(input: unknown, overrides: readonly string[], schema: FieldSchema): unknown {
  const problems: string[] = [];
  const set = new Set(overrides.map((override) => override.slice(0, override.indexOf("="))));
  let result = input;
  for (const override of overrides) {
    const separator = override.indexOf("=");
    if (separator < 1) {
      problems.push(`--set ${override}: expected path=value, for example training.batch.tokens=8192.`);
      continue;
    }
    const path = override.slice(0, separator);
    const problem = unknownPath(path, schema);
    if (problem === undefined) {
      result = setField(
        withoutFollowers(withoutRivals(result, path), path, set),
        path.split("."),
        parseValue(override.slice(separator + 1)),
        schema,
      );
    } else {
      problems.push(`--set ${override}: ${problem}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems, "The command line");
  return result;
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function unknownPath(path: string, root: FieldSchema): string | undefined {
  let schemas = [root];
  const walked: string[] = [];
  for (const name of path.split(".")) {
    const choices = schemas.flatMap(alternatives);
    const next = fieldsNamed(choices, name);
    if (next.length === 0) {
      const known = new Set(choices.flatMap((choice) => [...fieldsOf(choice).keys()]));
      const where = walked.length === 0 ? "" : ` in ${walked.join(".")}`;
      return `there is no field "${name}"${where}; ${suggestion(name, known)}`;
    }
    schemas = next;
    walked.push(name);
  }
  return undefined;
}

function withoutRivals(input: unknown, path: string): unknown {
  return exclusive
    .filter((pair) => pair.includes(path))
    .flatMap((pair) => pair.filter((each) => each !== path))
    .reduce((value, rival) => withoutField(value, rival.split(".")), input);
}

/** Takes out what would keep the value that it had from a field which is about to be set, unless it is set too. */
function withoutFollowers(input: unknown, path: string, set: ReadonlySet<string>): unknown {
  const old = valueAt(input, path.split("."));
  if (typeof old !== "number") return input;
  return (Object.hasOwn(followers, path) ? followers[path] ?? [] : [])
    .filter((follower) => !set.has(follower.path) && follower.times.some((factor) => valueAt(input, follower.path.split(".")) === Math.round(factor * old)))
    .reduce((value, follower) => withoutField(value, follower.path.split(".")), input);
}

function withoutField(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (!isObject(value) || name === undefined || !Object.hasOwn(value, name)) return value;
  const { [name]: inner, ...others } = value;
  return rest.length === 0 ? others : { ...others, [name]: withoutField(inner, rest) };
}

function setField(value: unknown, path: readonly string[], newValue: unknown, schema: FieldSchema): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return newValue;
  const start = startingObject(value, name, schema);
  const fields = fieldsNamed(alternatives(schema), name);
  const field: FieldSchema = { anyOf: fields, default: fields[0]?.default };
  return { ...start, [name]: setField(start[name], rest, newValue, field) };
}

/** The object that a field is set in: the one given, else the default, without alternatives that exclude the field. */
function startingObject(value: unknown, name: string, schema: FieldSchema): Record<string, unknown> {
  const given = value === undefined ? schema.default : value;
  if (!isObject(given)) return {};
  const choices = alternatives(schema).filter((choice) => kindOf(choice) === undefined);
  const isKeyed = choices.length > 1 && given.kind === undefined;
  if (!isKeyed || !choices.some((choice) => fieldsOf(choice).has(name))) return given;
  const fits = choices.filter((choice) => fieldsOf(choice).has(name));
  return Object.fromEntries(Object.entries(given).filter(([key]) => fits.some((choice) => fieldsOf(choice).has(key))));
}
