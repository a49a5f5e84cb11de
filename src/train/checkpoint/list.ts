/** Which checkpoints a run has: the latest, the best, and those that may go. */
import { readFile, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { checkpointName, partialPrefix, stepOf } from "./recovery.ts";
import { CheckpointError } from "./checkpoint.ts";
import { errorCode, uniqueSuffix, writeFileAtomically } from "../../data/durable-files.ts";
import type { RunDirectory } from "../run/run-directory.ts";

/** Where a step's checkpoint lies. */
export interface CheckpointPlace {
  readonly step: number;
  readonly path: string;
}

/** A run's checkpoints by ascending step. */
export async function listCheckpoints(run: RunDirectory): Promise<CheckpointPlace[]> {
  const names: string[] = await readdir(run.checkpoints).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  });
  return names
    .flatMap((name) => {
      const step = stepOf(name);
      return step === undefined ? [] : [{ step, path: join(run.checkpoints, name) }];
    })
    .sort((a, b) => a.step - b.step);
}

/** The checkpoint of the highest step; undefined when there is none. */
export async function latestCheckpoint(run: RunDirectory): Promise<CheckpointPlace | undefined> {
  return (await listCheckpoints(run)).at(-1);
}

function bestFile(run: RunDirectory): string {
  return join(run.checkpoints, "best.json");
}

/**
 * Declares the checkpoint of a step the best one; pruning never removes it.
 *
 * @param score what it was chosen by, for people: `{ loss: 2.1 }`
 * @throws CheckpointError when the step has no checkpoint
 */
export async function markBest(
  run: RunDirectory,
  step: number,
  score: Readonly<Record<string, number>> = {},
): Promise<void> {
  const steps = (await listCheckpoints(run)).map((each) => each.step);
  if (!steps.includes(step)) {
    throw new CheckpointError(
      `Step ${step} cannot be the best of ${run.path}: it has no checkpoint; there are ${steps.join(", ") || "none"}.`,
    );
  }
  await writeFileAtomically(bestFile(run), `${JSON.stringify({ step, score })}\n`);
}

/**
 * The checkpoint that was marked as the best; undefined when none was.
 *
 * @throws CheckpointError when `best.json` is damaged or its checkpoint is gone
 */
export async function bestCheckpoint(run: RunDirectory): Promise<CheckpointPlace | undefined> {
  const path = bestFile(run);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const step = parseBest(text);
  const place = (await listCheckpoints(run)).find((each) => each.step === step);
  if (place !== undefined) return place;
  throw new CheckpointError(
    step === undefined
      ? `${path} is damaged: expected { "step": number }, got ${JSON.stringify(text.slice(0, 60))}. Delete it.`
      : `${path} names step ${step}, which has no checkpoint. Delete the file to go on without a best checkpoint.`,
  );
}

function parseBest(text: string): number | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const hasStep = typeof value === "object" && value !== null && "step" in value;
    return hasStep && typeof value.step === "number" ? value.step : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Removes all checkpoints but the newest and the best.
 *
 * @param keepLast how many of the newest stay, at least 1
 * @returns the steps that were removed
 */
export async function pruneCheckpoints(run: RunDirectory, keepLast: number): Promise<number[]> {
  if (!Number.isSafeInteger(keepLast) || keepLast < 1) {
    throw new CheckpointError(`keepLast must be an integer of at least 1, but received ${keepLast}.`);
  }
  const best = await bestCheckpoint(run);
  const old = (await listCheckpoints(run)).slice(0, -keepLast).filter(({ step }) => step !== best?.step);
  for (const { step, path } of old) {
    // Renamed first: what is half deleted must not look like a checkpoint.
    const condemned = join(run.checkpoints, `${partialPrefix}${checkpointName(step)}-${uniqueSuffix()}`);
    await rename(path, condemned);
    await rm(condemned, { recursive: true, force: true });
  }
  return old.map(({ step }) => step);
}
