/** A reward model's folder: a run directory with the attempts that it learned from beside its checkpoints. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Engine } from "../../engines/engine.ts";
import { errorCode, writeFileAtomically } from "../../data/durable-files.ts";
import type { LanguageModelConfig } from "../../train/config/language-model.ts";
import { loadModel } from "../../train/checkpoint/checkpoint.ts";
import { chooseCheckpoint, matchParameters, requireVocabulary, vocabularyFingerprint } from "../../train/run/open-run.ts";
import { buildLanguageModel } from "../../train/run/open-text-run.ts";
import { RunDirectory } from "../../train/run/run-directory.ts";
import { Tokenizer } from "../../text/tokenizer.ts";
import type { AttemptForm } from "./encoded-attempt.ts";
import type { LabelledAttempt } from "./labelled-attempt.ts";
import { readRewardConfig, type RewardConfig } from "./reward-config.ts";
import { RewardModel } from "./reward-model.ts";
import { RewardScorer } from "./reward-scorer.ts";

/** By what they are for: to learn from, to choose the checkpoint by, to report on. */
export interface Attempts {
  readonly train: readonly LabelledAttempt[];
  readonly validation: readonly LabelledAttempt[];
  readonly test: readonly LabelledAttempt[];
}

export interface OpenedReward {
  readonly config: RewardConfig;
  readonly tokenizer: Tokenizer;
  readonly scorer: RewardScorer;
}

export function buildRewardModel({ model, seed }: Pick<RewardConfig, "model" | "seed">, tokenizer: Tokenizer): RewardModel {
  return new RewardModel(buildLanguageModel(model.trunk, tokenizer.size)).seed(seed);
}

export function formOf({ model: { trunk }, data: { separator } }: Pick<RewardConfig, "model" | "data">, tokenizer: Tokenizer): AttemptForm {
  return { tokenizer, ends: [tokenizer.endId], context: contextOf(trunk), separator: separator ?? undefined };
}

function contextOf(trunk: LanguageModelConfig): number | undefined {
  return trunk.kind === "gpt" ? trunk.context : undefined;
}

/**
 * Opens a trained reward model for use: its best checkpoint.
 *
 * @throws ThinkError where the folder holds another kind of run; as `openTextRun` does where its files do not fit
 */
export async function openRewardRun(path: string, engine: Engine): Promise<OpenedReward> {
  const directory = await RunDirectory.open(path);
  const config = await readRewardConfig(directory);
  const tokenizer = await Tokenizer.load(directory.tokenizerFile());
  const place = await chooseCheckpoint(directory, "best");
  const loaded = await loadModel(place);
  requireVocabulary(loaded, vocabularyFingerprint([tokenizer]));
  const model = buildRewardModel(config, tokenizer);
  const scorer = await RewardScorer.create(model, matchParameters(model, loaded.model, place), formOf(config, tokenizer), engine);
  return { config, tokenizer, scorer };
}

function attemptsFile({ path }: RunDirectory): string {
  return join(path, "attempts.jsonl");
}

/** The attempts that a training began with; `undefined` where none were kept. */
export async function readAttempts(directory: RunDirectory): Promise<Attempts | undefined> {
  const text = await readFile(attemptsFile(directory), "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const all = text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as LabelledAttempt & { readonly use: keyof Attempts });
  const of = (use: keyof Attempts): LabelledAttempt[] => all.filter((each) => each.use === use);
  return { train: of("train"), validation: of("validation"), test: of("test") };
}

export async function writeAttempts(directory: RunDirectory, attempts: Attempts): Promise<void> {
  const lines = (["train", "validation", "test"] as const).flatMap((use) => attempts[use].map((each) => `${JSON.stringify({ use, ...each })}\n`));
  await writeFileAtomically(attemptsFile(directory), lines.join(""));
}
