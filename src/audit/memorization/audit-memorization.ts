/** How much of its training text a language model can repeat. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import type { TokenSource } from "../../data/shards/token-shards.ts";
import type { Engine } from "../../engines/engine.ts";
import { openTextModel } from "../../train/run/open-text-model.ts";
import type { CheckpointChoice } from "../../train/run/open-run.ts";
import { AuditError } from "../audit-error.ts";
import { readText } from "../../data/text-file.ts";
import { parseCanaryRecord } from "./canaries.ts";
import { measureExposure, type CanaryExposure } from "./exposure.ts";
import { measureExtraction, type Extraction, type ExtractionModel } from "./extraction.ts";
import { measureMembership, type Membership } from "./membership.ts";
import { openRunTokens, readAll } from "./run-tokens.ts";

export interface MemorizationOptions {
  /** Runs of language models, or folders of Hugging Face or llama2.c; canaries and membership are those of the first. */
  readonly runs: readonly string[];
  readonly checkpoint?: CheckpointChoice | undefined;
  /** The record that `insertCanaries` made. */
  readonly canaries?: string | undefined;
  /** Candidates of a canary that are scored at most. */
  readonly most?: number | undefined;
  /** Text that was trained on; by default what the first run learned from. */
  readonly text?: string | undefined;
  /** Lengths in tokens; by default 8, 16, 32 and 64 as far as the models can look. */
  readonly prefixes?: readonly number[] | undefined;
  /** Tokens; 16 by default. */
  readonly continuation?: number | undefined;
  /** Sequences of each class, stretches of each side; 200 by default. */
  readonly samples?: number | undefined;
  /** A run of another model of the same vocabulary. */
  readonly reference?: string | undefined;
  /** Tokens of the stretches whose membership is told; 64 by default, or the context. */
  readonly stretch?: number | undefined;
  readonly seed?: number | undefined;
  readonly onProgress?: ((what: string, done: number, of: number) => void) | undefined;
}

export interface MemorizationReport {
  readonly exposure: readonly CanaryExposure[];
  readonly extraction: Extraction["cells"];
  /** Extraction by model, at the longest prefix. */
  readonly models: Extraction["models"];
  readonly continuation: number;
  readonly fits: Extraction["fits"];
  readonly membership?: Membership;
}

/** Tokens that a model without a bound is asked about at most, by default. */
const UNBOUNDED = 256;

/**
 * @throws AuditError where a model, text or option makes no sense
 * @throws RunDirectoryError where a run is no language model, and as `openTextModel` does
 */
export async function auditMemorization(options: MemorizationOptions, engine: Engine): Promise<MemorizationReport> {
  const { canaries, most, continuation = 16, samples = 200, seed = 1, onProgress } = options;
  const models = await openModels(options);
  const [first] = models;
  if (first === undefined) throw new AuditError("No run was given; name at least one.");
  const record = canaries === undefined ? undefined : parseCanaryRecord(await readText(canaries), canaries);
  const tokens = await trainedTokens(first, options);
  const exposure = record === undefined ? [] : await measureExposure(first.source, record, engine, { most, onProgress: (done, of) => onProgress?.("candidates of canaries", done, of) });
  const prefixes = options.prefixes ?? usualPrefixes(models, continuation);
  const { cells, models: byModel, fits } = await measureExtraction(models, tokens, engine, {
    prefixes, continuation, samples, seed, onProgress: (done, of) => onProgress?.("sequences continued", done, of),
  });
  const membership = options.reference === undefined ? undefined : await membershipOf(first, options.reference, tokens, engine, options);
  return { exposure, extraction: cells, models: byModel, continuation, fits, ...(membership !== undefined && { membership }) };
}

async function openModels({ runs, checkpoint = "best" }: MemorizationOptions): Promise<ExtractionModel[]> {
  const models: ExtractionModel[] = [];
  for (const run of runs) models.push({ run, source: await openTextModel(run, { checkpoint }) });
  const [first, ...others] = models;
  for (const other of others) requireSameTokens(first, other);
  return models;
}

function requireSameTokens(first: ExtractionModel | undefined, other: ExtractionModel): void {
  const sample = "The quick brown fox jumps over the lazy dog: 0123456789?";
  const same = first !== undefined && first.source.tokenizer.size === other.source.tokenizer.size
    && first.source.tokenizer.encode(sample).join() === other.source.tokenizer.encode(sample).join();
  if (!same) throw new AuditError(`${other.run} cuts text into other tokens than ${first?.run ?? "the first run"}; compare models of one tokenizer.`);
}

/** The tokens that the first model learned from. */
async function trainedTokens({ run, source }: ExtractionModel, { text }: MemorizationOptions): Promise<Int32Array> {
  if (text !== undefined) return source.tokenizer.encode(await readText(text));
  return readAll((await textOf(run)).train);
}

async function textOf(run: string): Promise<{ train: TokenSource; validation: TokenSource | undefined }> {
  if (!await access(join(run, "checkpoints")).then(() => true, () => false)) throw new AuditError(`${run} does not say what it learned from; give the text with --text.`);
  const { train: [train, ...others], validation } = await openRunTokens(run);
  if (train === undefined || others.length > 0) throw new AuditError(`${run} learned from a mixture; give one of its texts with --text.`);
  return { train, validation };
}

function usualPrefixes(models: readonly ExtractionModel[], continuation: number): number[] {
  const context = Math.min(...models.map(({ source }) => source.model.context ?? UNBOUNDED));
  const fitting = [8, 16, 32, 64].filter((prefix) => prefix + continuation - 1 <= context);
  return fitting.length > 0 ? fitting : [Math.max(1, context + 1 - continuation)];
}

async function membershipOf(first: ExtractionModel, path: string, trained: Int32Array, engine: Engine, { stretch, samples = 200, seed = 1 }: MemorizationOptions): Promise<Membership> {
  const reference = { run: path, source: await openTextModel(path) };
  requireSameTokens(first, reference);
  const { validation } = await textOf(first.run);
  if (validation === undefined) throw new AuditError(`${first.run} holds no text out, against which members could be told; train with data.validation.`);
  const context = Math.min(...[first, reference].map(({ source }) => source.model.context ?? UNBOUNDED));
  return measureMembership(first.source, reference.source, trained, readAll(validation), engine, { length: stretch ?? Math.min(64, context), samples, seed });
}
