import { z } from "zod";

const positive = () => z.int().min(1);
const column = (side: string, index: number) =>
  z.int().min(0).default(index).describe(`Column of the ${side}, counted from 0.`);

const parallel = z.strictObject({
  kind: z
    .literal("parallel")
    .describe("Two text files of equally many lines; line n of one belongs to line n of the other."),
  source: z.string().min(1).describe("File of source sequences, one a line."),
  target: z.string().min(1).describe("File of target sequences, one a line."),
});

const tsv = z.strictObject({
  kind: z.literal("tsv").describe("One file of tab-separated columns, a pair a line."),
  file: z.string().min(1).describe("The file."),
  sourceColumn: column("source", 0),
  targetColumn: column("target", 1),
});

const jsonl = z.strictObject({
  kind: z.literal("jsonl").describe("One file with a JSON object a line."),
  file: z.string().min(1).describe("The file."),
  sourceField: z.string().min(1).default("source").describe("Field of the source text."),
  targetField: z.string().min(1).default("target").describe("Field of the target text."),
});

const dictionary = z.strictObject({
  kind: z.literal("dictionary").describe("A pronouncing dictionary from an npm package: spelling to phonemes."),
  package: z.literal("cmu-pronouncing-dictionary").describe("The package."),
  stress: z.boolean().default(false).describe("Whether vowels keep their stress digits."),
});

const parallelShorthand = z
  .strictObject({
    source: z.string().min(1).describe("File of source sequences, one a line."),
    target: z.string().min(1).describe("File of target sequences, one a line."),
  })
  .transform((files) => ({ kind: "parallel" as const, ...files }));

const fraction = z.strictObject({
  fraction: z.number().gt(0).lt(1).describe("Share of the distinct sources that is held out, with all their pairs."),
});

const count = z.strictObject({
  count: positive().describe("Number of distinct sources that are held out, with all their pairs."),
});

const heldOut = () =>
  z.union([z.discriminatedUnion("kind", [parallel, tsv, jsonl, dictionary]), parallelShorthand, fraction, count]);

const splitsAndLimits = {
  validation: heldOut()
    .optional()
    .describe("Pairs that training is judged on: files of their own, or a share or number held out of the data."),
  test: heldOut().optional().describe("Pairs that only the finished model is judged on, given as `validation` is."),
  maximumSourceLength: positive().default(100).describe("Pairs with more source tokens are left out of training."),
  maximumTargetLength: positive().default(100).describe("Pairs with more target tokens are left out of training."),
};

/** Where the training pairs come from, and which are held out. */
export const dataSchema = z
  .discriminatedUnion("kind", [
    parallel.extend(splitsAndLimits),
    tsv.extend(splitsAndLimits),
    jsonl.extend(splitsAndLimits),
    dictionary.extend(splitsAndLimits),
  ])
  .describe("Pairs of sequences to learn from. Relative paths start at the config file's folder.");

/** A place that pairs are read from. */
export type PairSource = z.output<typeof parallel | typeof tsv | typeof jsonl | typeof dictionary>;
/** Held-out pairs: a source of their own, or a part of the training pairs. */
export type HeldOut = PairSource | z.output<typeof fraction> | z.output<typeof count>;
export type DataInput = z.input<typeof dataSchema>;
export type DataConfig = z.output<typeof dataSchema>;
