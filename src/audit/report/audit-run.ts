import type { Engine } from "../../engines/engine.ts";
import { PhraseTranslator } from "../../phrase/run/phrase-translator.ts";
import type { RunConfig } from "../../train/config/config.ts";
import type { PhraseRunConfig } from "../../train/config/phrase.ts";
import { isModelFolder } from "../../train/translator/open-translation.ts";
import { RunDirectory } from "../../train/run/run-directory.ts";
import type { TextTranslator } from "../../train/translator/text-translator.ts";
import { Translator } from "../../train/translator/translator.ts";
import { AuditError } from "../audit-error.ts";
import { auditPairs } from "./audit-pairs.ts";
import type { AuditReport } from "./audit-report.ts";
import { auditText } from "./audit-text.ts";
import { readGeneralization } from "./generalization-file.ts";
import type { Findings, ReportOptions } from "./report-options.ts";
import { runFacts } from "./run-facts.ts";

/**
 * All that an audit can tell of a run: whether its test stands in its training data, what it can repeat of them, and how
 * much worse it is on what it has not seen.
 *
 *     const report = await auditRun({ run: "runs/captions" }, onnx());
 *     await writePage("audit.html", reportPage(report));
 *
 * @throws AuditError where run and options do not go together
 */
export async function auditRun(options: ReportOptions, engine: Engine): Promise<AuditReport> {
  if (await isModelFolder(options.run)) throw new AuditError(`${options.run} is a model's folder, which does not say what it learned from; give a run that was trained here, or use audit contamination and memorization with the text.`);
  const directory = await RunDirectory.open(options.run);
  const tasks = options.generalization === undefined ? undefined : await readGeneralization(options.generalization);
  const { config, find } = await openedRun(directory, engine, options);
  const run = await runFacts(directory, config);
  const { gap, ...findings } = await find();
  return { run, ...findings, generalization: { ...(gap !== undefined && { gap }), ...(tasks !== undefined && { tasks }) } };
}

interface OpenedForAudit {
  readonly config: { readonly model: { readonly kind: string } };
  readonly find: () => Promise<Findings>;
}

async function openedRun(directory: RunDirectory, engine: Engine, options: ReportOptions): Promise<OpenedForAudit> {
  const { run, checkpoint, threads, phrases = run, reference, lowercase, canaries, text, unit } = options;
  if (await directory.isTextRun()) {
    refuse(`${run} is a language model, which has no source sentences`, { "--phrases": options.phrases, "--lowercase": lowercase });
    return { config: await directory.readTextConfig(), find: () => auditText(engine, options) };
  }
  refuse(`${run} reads one sequence and writes another`, { "--canaries": canaries, "--text": text, "--unit": unit });
  if (await directory.isPhraseRun()) {
    refuse(`${run} is a phrase-based translator, which has no network and no probabilities`, { "--checkpoint": checkpoint, "--reference": reference });
    const config = await directory.readPhraseConfig();
    return { config, find: async () => withTranslator(config, await PhraseTranslator.open(run), { ...options, phrases }) };
  }
  const config = await directory.readConfig();
  const opened = { ...(checkpoint !== undefined && { checkpoint }), ...(threads !== undefined && { threads }) };
  return { config, find: async () => withTranslator(config, await Translator.open(run, opened), options) };
}

/** @throws AuditError where something was given that a run of this kind has no use for */
function refuse(what: string, given: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(given).filter((name) => given[name] !== undefined);
  if (names.length > 0) throw new AuditError(`${what}, so that ${names.join(", ")} can say nothing of it; leave ${names.length === 1 ? "it" : "them"} out.`);
}

async function withTranslator(config: RunConfig | PhraseRunConfig, translator: TextTranslator, options: ReportOptions): Promise<Findings> {
  try {
    return await auditPairs(config, translator, options);
  } finally {
    await translator.dispose();
  }
}
