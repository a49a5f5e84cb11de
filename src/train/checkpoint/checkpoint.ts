/** Checkpoints: a run's weights, optimiser state and position at one step. */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  digestFile,
  readSafetensors,
  writeSafetensors,
  type FileDigest,
  type TensorData,
} from "../../data/safetensors.ts";
import { checkpointName, partialPrefix, replacedPrefix } from "./recovery.ts";
import { errorCode, fullDiskCode, syncFolder, uniqueSuffix, writeFlushed } from "../../data/durable-files.ts";
import type { RunDirectory } from "../run/run-directory.ts";

/** A checkpoint that cannot be written, or that is not as it was written. */
export class CheckpointError extends Error {
  override readonly name = "CheckpointError";
}

/** Tensors by their dotted path names. */
export type TensorMap = ReadonlyMap<string, TensorData>;

export interface CheckpointContents {
  readonly model: TensorMap;
  readonly optimizer: TensorMap;
  /** Anything else that resuming needs (data position, random state, best score), as JSON can hold it. */
  readonly state: Readonly<Record<string, unknown>>;
}

export interface Checkpoint extends CheckpointContents {
  readonly step: number;
  /** The checkpoint's folder. */
  readonly path: string;
}

/** The version of `state.json`'s layout. */
const format = 1;
const tensorFiles = ["model.safetensors", "optimizer.safetensors"] as const;
type TensorFile = (typeof tensorFiles)[number];

interface StateBody {
  readonly format: number;
  readonly step: number;
  readonly files: Readonly<Record<TensorFile, FileDigest>>;
  readonly state: Readonly<Record<string, unknown>>;
}

/** Writes one tensor file of a checkpoint. Tests pass another one to see a writer fail at any point. */
export type TensorWriter = (path: string, tensors: TensorMap) => Promise<FileDigest>;

const writeTensors: TensorWriter = (path, tensors) =>
  writeSafetensors(
    path,
    [...tensors].map(([name, tensor]) => ({ name, ...tensor })),
  );

/**
 * Saves a checkpoint as `checkpoints/step-<step>`. It is written beside its final name, flushed and renamed, so a kill
 * at any instant leaves the earlier checkpoints usable. A checkpoint of the same step is replaced.
 *
 * @param run opened for writing
 * @param options.name of the folder, where it is not one of the run's own sequence
 * @param options.writer how tensor files are written, for tests of failures
 * @returns the checkpoint's folder
 * @throws CheckpointError when the disk is full; nothing of the new checkpoint stays behind
 */
export async function saveCheckpoint(
  run: RunDirectory,
  step: number,
  contents: CheckpointContents,
  options: { readonly name?: string; readonly writer?: TensorWriter } = {},
): Promise<string> {
  if (!Number.isSafeInteger(step) || step < 0) {
    throw new CheckpointError(`A checkpoint needs a step that is a non-negative integer, but received ${step}.`);
  }
  const { name = checkpointName(step), writer = writeTensors } = options;
  const partial = join(run.checkpoints, `${partialPrefix}${name}-${uniqueSuffix()}`);
  try {
    await mkdir(partial, { recursive: true });
    const model = await writer(join(partial, "model.safetensors"), contents.model);
    const optimizer = await writer(join(partial, "optimizer.safetensors"), contents.optimizer);
    const files = { "model.safetensors": model, "optimizer.safetensors": optimizer };
    await writeFlushed(join(partial, "state.json"), encodeState({ format, step, files, state: contents.state }));
    await syncFolder(partial);
    await moveIntoPlace(run.checkpoints, partial, name);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw explainWriteError(error, step, run.checkpoints);
  }
  return join(run.checkpoints, name);
}

async function moveIntoPlace(folder: string, partial: string, name: string): Promise<void> {
  const final = join(folder, name);
  const aside = join(folder, `${replacedPrefix}${name}`);
  await rm(aside, { recursive: true, force: true });
  const replaces = await rename(final, aside).then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === "ENOENT") return false;
      throw error;
    },
  );
  await rename(partial, final);
  await syncFolder(folder);
  if (replaces) await rm(aside, { recursive: true, force: true });
}

function explainWriteError(error: unknown, step: number, folder: string): unknown {
  const code = fullDiskCode(error);
  if (code === undefined) return error;
  return new CheckpointError(
    `The checkpoint of step ${step} could not be written to ${folder}: the disk is full (${code}). Earlier checkpoints ` +
      `are untouched; free some space or lower training.keepLast, then resume the run.`,
    { cause: error },
  );
}

/**
 * Loads a checkpoint after checking the sizes and checksums of its files.
 *
 * @param path the checkpoint's folder
 * @throws CheckpointError that names the file, what was expected of it and what was found
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const { step, files, state } = await readState(path);
  for (const file of tensorFiles) await verifyFile(path, file, files[file]);
  const model = await readSafetensors(join(path, "model.safetensors"));
  const optimizer = await readSafetensors(join(path, "optimizer.safetensors"));
  return { step, path, model, optimizer, state };
}

/** As `loadCheckpoint`, without the optimiser's state, which only resuming needs. */
export async function loadModel(path: string): Promise<Omit<Checkpoint, "optimizer">> {
  const { step, files, state } = await readState(path);
  await verifyFile(path, "model.safetensors", files["model.safetensors"]);
  return { step, path, model: await readSafetensors(join(path, "model.safetensors")), state };
}

/** What to do where a checkpoint is damaged. */
const INSTEAD = "Use another checkpoint of the run; to resume from the one before, delete this one's folder.";

async function verifyFile(folder: string, name: TensorFile, expected: FileDigest): Promise<void> {
  const path = join(folder, name);
  const size = await stat(path).then(
    (found) => found.size,
    (cause: unknown) => {
      throw missing(path, cause);
    },
  );
  if (size !== expected.bytes) {
    const how = size < expected.bytes ? "truncated" : "altered";
    throw new CheckpointError(
      `${path} is ${how}: expected ${expected.bytes} bytes, got ${size}. ${INSTEAD}`,
    );
  }
  const { sha256 } = await digestFile(path);
  if (sha256 !== expected.sha256) {
    throw new CheckpointError(
      `${path} is altered: expected SHA-256 ${expected.sha256}, got ${sha256}. ${INSTEAD}`,
    );
  }
}

function missing(path: string, cause: unknown): unknown {
  if (errorCode(cause) !== "ENOENT") return cause;
  return new CheckpointError(`${path} does not exist, but a checkpoint needs it. ${INSTEAD}`, {
    cause,
  });
}

/** The body with its own checksum, so that an altered state is found out too. */
function encodeState(body: StateBody): string {
  return `${JSON.stringify({ ...body, sha256: stateDigest(body) }, undefined, 2)}\n`;
}

function stateDigest({ format, step, files, state }: StateBody): string {
  return createHash("sha256")
    .update(JSON.stringify([format, step, files, state]))
    .digest("hex");
}

async function readState(folder: string): Promise<StateBody> {
  const path = join(folder, "state.json");
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw missing(path, cause);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(
      `${path} is truncated or altered: expected JSON, got ${text.length} characters that are not. ${INSTEAD}`,
      { cause },
    );
  }
  if (isFutureFormat(value)) {
    throw new CheckpointError(
      `${path} has format ${value.format}, but this version of the library reads format ${format}; upgrade it.`,
    );
  }
  if (!isStateFile(value)) {
    throw new CheckpointError(
      `${path} is altered: expected format, step, files, state and sha256. ${INSTEAD}`,
    );
  }
  const digest = stateDigest(value);
  if (digest !== value.sha256) {
    throw new CheckpointError(
      `${path} is altered: expected SHA-256 ${value.sha256}, got ${digest}. ${INSTEAD}`,
    );
  }
  return value;
}

function isFutureFormat(value: unknown): value is { format: number } {
  return isObject(value) && typeof value.format === "number" && value.format > format;
}

function isStateFile(value: unknown): value is StateBody & { sha256: string } {
  if (!isObject(value) || typeof value.step !== "number" || typeof value.sha256 !== "string") return false;
  const { files } = value;
  if (value.format !== format || !isObject(value.state) || !isObject(files)) return false;
  return tensorFiles.every((name) => isDigest(files[name]));
}

function isDigest(value: unknown): value is FileDigest {
  return isObject(value) && typeof value.bytes === "number" && typeof value.sha256 === "string";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
