import { PhraseTranslator } from "../phrase/run/phrase-translator.ts";
import { isModelFolder } from "../train/translator/open-translation.ts";
import { RunDirectory } from "../train/run/run-directory.ts";
import type { TextTranslator } from "../train/translator/text-translator.ts";
import { UsageError } from "./errors.ts";
import { withTranslator, type ModelFlags } from "./options.ts";

/** Whether a folder is the run of a phrase-based translator; folders that are no runs are left to whoever opens them. */
export async function isPhraseRun(path: string): Promise<boolean> {
  if (await isModelFolder(path)) return false;
  const directory = await RunDirectory.open(path).catch(() => undefined);
  return await directory?.isPhraseRun() ?? false;
}

/** Opens a run of any kind that translates, or an ensemble of networks, for as long as `use` takes. */
export async function withAnyTranslator<Result>(run: string, flags: ModelFlags, use: (translator: TextTranslator) => Promise<Result>): Promise<Result> {
  if (!(await isPhraseRun(run))) return withTranslator(run, flags, use);
  refuseNetworkFlags(run, { "--ensemble": flags.ensemble, "--threads": flags.threads, "--checkpoint": flags.checkpoint === "best" ? undefined : flags.checkpoint });
  return use(await PhraseTranslator.open(run));
}

/** @throws UsageError where a flag that only a network's run understands was given */
export function refuseNetworkFlags(run: string, flags: Readonly<Record<string, unknown>>): void {
  refuseFlags(`${run} is a phrase-based translator, which`, flags);
}

/**
 * @param who has no use for the flags, as a sentence's beginning
 * @throws UsageError where one was given, which would be ignored
 */
export function refuseFlags(who: string, flags: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(flags).filter((flag) => flags[flag] !== undefined && flags[flag] !== false);
  if (given.length === 0) return;
  throw new UsageError(`${who} has no use for ${given.join(", ")}; leave ${given.length === 1 ? "it" : "them"} out.`);
}
