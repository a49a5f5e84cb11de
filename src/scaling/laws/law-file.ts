/** Laws on disk: what `decade scale fit --save` writes and `decade scale plan --law FILE` reads. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { z } from "zod";
import { ScalingError } from "../scaling-error.ts";
import { lawNamed } from "./catalogue.ts";
import type { LawParameters } from "./law.ts";
import type { FittedLaw } from "./published.ts";

/** A law that was fitted to trainings, with what is known of how sure its values are. */
export interface SavedLaw extends FittedLaw {
  /** How many trainings it was fitted to. */
  readonly points: number;
  /** From the smallest to the largest of those trainings; beyond it a prediction is an extrapolation. */
  readonly range: LawRange;
  /** The share of cases in which an interval is to hold the true value, such as 0.9. */
  readonly level: number;
  /** For each fitted parameter, from where to where it lies at that level. */
  readonly intervals: Readonly<Record<string, Interval>>;
  /** The parameters as fitted to resampled trainings: an interval of what the law predicts is one of their predictions. */
  readonly draws: readonly LawParameters[];
}

export type Interval = readonly [low: number, high: number];

export interface LawRange {
  readonly parameters: Interval;
  readonly tokens: Interval;
  readonly flops: Interval;
  readonly loss: Interval;
}

/** A bound that was not found is null in JSON, and infinite. */
const interval = z.tuple([z.number().nullable(), z.number().nullable()]).transform(([low, high]): Interval => [low ?? -Infinity, high ?? Infinity]);

const schema = z.object({
  law: z.string(),
  source: z.string(),
  parameters: z.record(z.string(), z.number()),
  points: z.int().positive(),
  range: z.object({ parameters: interval, tokens: interval, flops: interval, loss: interval }),
  level: z.number().gt(0).lt(1),
  intervals: z.record(z.string(), interval),
  /** A row a resample, in the order of `parameters`. */
  draws: z.array(z.array(z.number())),
});

/**
 * Writes a law as JSON.
 *
 * @throws when the file cannot be written
 */
export async function writeLawFile(path: string, { law, draws, ...rest }: SavedLaw): Promise<void> {
  const parameters = Object.fromEntries(law.parameterNames.map((name) => [name, rest.parameters[name]]));
  const rows = draws.map((draw) => law.parameterNames.map((name) => draw[name]));
  await writeFile(path, `${JSON.stringify({ law: law.name, ...rest, parameters, draws: rows })}\n`);
}

/**
 * Reads what {@link writeLawFile} wrote.
 *
 * @throws ScalingError when there is no such file, or something else in it
 */
export async function readLawFile(path: string): Promise<SavedLaw> {
  if (!existsSync(path)) throw new ScalingError(`There is no law file "${path}".`);
  const { law: name, draws, ...rest } = parse(await readFile(path, "utf8"), path);
  const law = lawNamed(name);
  const missing = law.parameterNames.find((parameter) => rest.parameters[parameter] === undefined);
  if (missing !== undefined) throw new ScalingError(`The law file "${path}" gives no value for ${missing} of the law ${name}; write it again with decade scale fit --save.`);
  const namesOf = (row: readonly number[]) => Object.fromEntries(law.parameterNames.map((parameter, at) => [parameter, row[at] ?? NaN]));
  return { law, draws: draws.map(namesOf), ...rest };
}

function parse(text: string, path: string): z.infer<typeof schema> {
  const refuse = (problem: string) => new ScalingError(`The file "${path}" is no law as decade scale fit --save writes it: ${problem}.`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw refuse("it is not JSON");
  }
  const { data, error } = schema.safeParse(json);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw refuse(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not as expected"}`);
}
