/** Training that begins from the weights of another run. */
import { resolve } from "node:path";
import type { Module } from "../nn/module.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { ConfigError } from "./config/config.ts";
import { differencesOf } from "./config/difference.ts";
import type { TextRunConfig } from "./config/text.ts";
import { openTextRun } from "./run/open-text-run.ts";

/** What a run begins with. */
export interface Beginning {
  readonly tokenizer: Tokenizer;
  /** Values of the model's parameters, by name. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  /** Whose they are, for messages. */
  readonly owner: string;
}

/** @throws ConfigError where the run begins from itself, whose folder it would write to */
export function refuseOwnWeights({ from, directory, name }: TextRunConfig): void {
  if (from === undefined || resolve(from.run) !== resolve(directory, name)) return;
  throw new ConfigError([`from: received ${JSON.stringify(from.run)}, which is the folder of this run itself; choose another name, or go on with the run by --resume.`]);
}

/**
 * Opens the run from whose weights another is to begin, where there is one.
 *
 * @throws ConfigError where its network or tokenizer is another
 */
export async function openBeginning({ from, model, tokenizer: spec }: TextRunConfig): Promise<Beginning | undefined> {
  if (from === undefined) return undefined;
  const owner = `the run ${from.run}, from which the weights come`;
  const { config, tokenizer, parameters } = await openTextRun(from.run, from);
  const known = "tokenizer" in config ? config.tokenizer : undefined;
  const problems = [
    ...differencesOf("model", config.model, model).filter(({ path }) => path !== "model.dropout"),
    ...(spec === undefined || known === undefined ? [] : differencesOf("tokenizer", known, spec)),
  ].map(({ path, stored, given }) => `${path} is ${JSON.stringify(given) ?? "absent"}, but ${JSON.stringify(stored) ?? "absent"} in ${owner}; make them the same, or begin without \`from\`.`);
  if (problems.length > 0) throw new ConfigError(problems);
  return { tokenizer, parameters, owner };
}

/** Makes values the beginning of a model's parameters, in place of drawn ones. */
export function beginWith(model: Module, values: ReadonlyMap<string, Float32Array>): void {
  for (const parameter of model.parameters()) {
    const own = values.get(parameter.name);
    if (own === undefined) throw new Error(`The model's parameter "${parameter.name}" has no value.`);
    parameter.beginWith(own);
  }
}
