/** The costs that planning goes by: a file of `decade profile`, or stated. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { createJiti } from "jiti";
import { z } from "zod";
import { costProfileSchema, type CostProfile } from "../parallel/cost-profile.ts";
import { CommandError } from "./errors.ts";

/** `captions.costs.json` beside `captions.config.ts`; `.ts` where the costs are derived by a program. */
export function costsBeside(config: string): readonly string[] {
  const stem = config.slice(0, config.length - extname(config).length).replace(/\.config$/, "");
  return [`${stem}.costs.json`, `${stem}.costs.ts`];
}

/** Whether a file states costs, by its name or by what is in it. */
export async function isCostsFile(path: string): Promise<boolean> {
  if (/\.costs\.[a-z]+$/.test(path)) return true;
  if (extname(path) !== ".json" || !existsSync(path)) return false;
  const content = await readJson(path).catch(() => undefined);
  return Array.isArray(content) || (typeof content === "object" && content !== null && "units" in content);
}

/**
 * Profiles of one model, each with micro-batches of another size; the first has the size that the configuration trains with.
 * @throws CommandError where the file is missing or states no costs
 */
export async function readCosts(path: string): Promise<CostProfile[]> {
  if (!existsSync(path)) throw new CommandError(`There is no file of costs "${path}"; \`decade profile CONFIG --output ${path}\` writes one.`);
  const content: unknown = extname(path) === ".json" ? await readJson(path) : await createJiti(import.meta.url).import(resolve(path), { default: true });
  const parsed = (Array.isArray(content) ? z.array(costProfileSchema).min(1) : costProfileSchema.transform((profile) => [profile])).safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CommandError(`${path} states no costs: ${issue?.path.join(".") || "the whole"}: ${issue?.message ?? "it is no profile"}. Write it anew with \`decade profile CONFIG --output ${path}\`.`);
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new CommandError(`${path} is no JSON: ${cause instanceof Error ? cause.message : String(cause)}.`, { cause });
  }
}
