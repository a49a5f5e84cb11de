import { z } from "zod";
import { jsonValue } from "../../data/json-value.ts";
import { AuditError } from "../audit-error.ts";
import { readText } from "../../data/text-file.ts";

const share = z.object({ accuracy: z.number(), total: z.number(), interval: z.object({ lower: z.number(), upper: z.number() }) });
const group = share.extend({ distribution: z.enum(["in", "out"]), by: z.string(), label: z.string() });
const column = z.object({
  name: z.string(), trainedOn: z.string(), examples: z.number().nullable(), inDistribution: share.nullable(), outOfDistribution: share.nullable(), groups: z.array(group),
});
const figures = z.object({ task: z.string(), columns: z.array(column).min(1) });

/** The part of what `decade audit generalization --json` prints that a report shows. */
export type GeneralizationFigures = z.output<typeof figures>;

/** Reads what `decade audit generalization --json` has printed, or the last line of it. @throws AuditError that names the file */
export async function readGeneralization(file: string): Promise<GeneralizationFigures> {
  const text = (await readText(file)).trim();
  const parsed = figures.safeParse(jsonValue(text) ?? jsonValue(text.split("\n").at(-1) ?? ""));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AuditError(`${file} is not what \`decade audit generalization --json\` prints (${issue?.path.join(".") || "the file"}: ${issue?.message ?? "unknown"}); give the file that its output went to.`);
}
