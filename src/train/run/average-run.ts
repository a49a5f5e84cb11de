import { averageCheckpoints } from "../checkpoint/average.ts";
import { listCheckpoints } from "../checkpoint/list.ts";
import { CheckpointError, loadModel, saveCheckpoint } from "../checkpoint/checkpoint.ts";
import { RunDirectory } from "./run-directory.ts";

export interface AveragedCheckpoint {
  /** What `checkpoint` options take: `average-3`. */
  readonly name: string;
  /** Its folder. */
  readonly path: string;
  /** The steps that were averaged. */
  readonly steps: readonly number[];
}

/**
 * Writes the mean of a run's newest checkpoints as `checkpoints/average-<count>`, to be used like any other, but not to
 * be resumed from: it has no optimiser state.
 *
 * @param last how many checkpoints; all by default
 * @throws CheckpointError where there are fewer, or it is no whole number of at least 1
 */
export async function averageRun(path: string, last?: number): Promise<AveragedCheckpoint> {
  const directory = await RunDirectory.open(path);
  if (await directory.isPhraseRun()) throw new CheckpointError(`${directory.path} is a phrase-based translator, which has no checkpoints to average.`);
  const places = await listCheckpoints(directory);
  const count = last ?? places.length;
  if (places.length === 0) throw new CheckpointError(`${directory.path} has no checkpoints to average yet; train it first.`);
  if (!Number.isInteger(count) || count < 1 || count > places.length) {
    throw new CheckpointError(`An average of ${count} checkpoints was asked for, but ${directory.path} has ${places.length}; `
      + "ask for so many or fewer, or train with a larger training.keepLast.");
  }
  const chosen = places.slice(-count);
  const newest = await loadModel(chosen.at(-1)?.path ?? "");
  const steps = chosen.map(({ step }) => step);
  const model = await averageCheckpoints(chosen.map((place) => place.path));
  const name = `average-${count}`;
  const state = { averaged: steps, vocabulary: newest.state["vocabulary"] };
  const saved = await saveCheckpoint(directory, newest.step, { model, optimizer: new Map(), state }, { name });
  return { name, path: saved, steps };
}
