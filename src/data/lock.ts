/** A lock file that lets one process at a time write to a folder. */
import { readFileSync, unlinkSync } from "node:fs";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { randomUUID } from "node:crypto";
import { errorCode, uniqueSuffix, writeFlushed } from "./durable-files.ts";

/** Another process holds the lock. */
export class LockError extends Error {
  override readonly name = "LockError";
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the lock was taken, ISO 8601. */
  readonly started: string;
  /** When the process began, as its system counts; tells a process from a later one with the same pid. */
  readonly processStart?: string;
  /** Which start of which job of several processes the holder is of; when a job starts again, its earlier starts are over. */
  readonly job?: { readonly name: string; readonly start: number };
  /** Tells this lock from every other. */
  readonly token: string;
}

const attempts = 20;
const pauseMilliseconds = 25;
/** A lock file without content is one being written, unless it is older than this. */
const unreadableMilliseconds = 5000;

/**
 * An exclusive lock, held from `acquire` to `release`. The file holds the holder's process id, host and start time;
 * the lock of a process on this host that no longer runs is taken over.
 */
export class Lock {
  readonly path: string;
  readonly #token: string;

  private constructor(path: string, token: string) {
    this.path = path;
    this.#token = token;
  }

  /**
   * Takes the lock.
   *
   * @param path the lock file, in an existing folder
   * @param what is locked, as the first words of the sentence that says who has it
   * @throws LockError that names the holder
   */
  static async acquire(path: string, what: string): Promise<Lock> {
    const mine: Holder = {
      pid: process.pid,
      host: hostname(),
      started: new Date().toISOString(),
      ...(processStart(process.pid) ?? {}),
      ...(ownJob() ?? {}),
      token: randomUUID(),
    };
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (await createExclusively(path, mine)) return new Lock(path, mine.token);
      const current = await readLock(path);
      if (current === undefined) continue;
      if (current.holder === undefined && !current.abandoned) {
        await delay(pauseMilliseconds);
        continue;
      }
      if (current.holder !== undefined && isRunning(current.holder)) throw heldBy(path, what, current.holder);
      if (await takeOver(path, what, current.text, mine)) return new Lock(path, mine.token);
    }
    throw new LockError(
      `The lock ${path} could not be taken: other processes keep changing it. Try again; if none is at work there, ` +
        `delete the file.`,
    );
  }

  /** Gives the lock back. Does nothing when it is no longer held. */
  release(): void {
    try {
      if (parseHolder(readFileSync(this.path, "utf8"))?.token === this.#token) unlinkSync(this.path);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
  }
}

/** Whether the lock could be taken: there is none, or its holder no longer runs. */
export async function isLockFree(path: string): Promise<boolean> {
  const current = await readLock(path);
  return current === undefined || (current.holder === undefined ? current.abandoned : !isRunning(current.holder));
}

/** What `decade launch` tells the processes that it starts. */
function ownJob(): Pick<Required<Holder>, "job"> | undefined {
  const { DECADE_JOB: name, DECADE_JOB_START: start } = process.env;
  return name === undefined || start === undefined ? undefined : { job: { name, start: Number(start) } };
}

async function createExclusively(path: string, holder: Holder): Promise<boolean> {
  try {
    const handle = await open(path, "wx");
    try {
      await handle.writeFile(JSON.stringify(holder));
      await handle.sync();
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/**
 * Replaces a stale lock. Several processes may find the same lock stale; a lock beside it lets one of them replace it,
 * if it still is what was found stale. That second lock is one like any other, so its holder's death is survived too.
 */
async function takeOver(path: string, what: string, staleText: string, mine: Holder): Promise<boolean> {
  let guard: Lock;
  try {
    guard = await Lock.acquire(`${path}.takeover`, what);
  } catch (error) {
    if (!(error instanceof LockError)) throw error;
    await delay(pauseMilliseconds);
    return false;
  }
  try {
    if ((await readLock(path))?.text !== staleText) return false;
    const temporary = `${path}.${uniqueSuffix()}.tmp`;
    await writeFlushed(temporary, JSON.stringify(mine));
    await rename(temporary, path);
    return true;
  } finally {
    guard.release();
  }
}

async function readLock(
  path: string,
): Promise<{ text: string; holder: Holder | undefined; abandoned: boolean } | undefined> {
  try {
    const text = await readFile(path, "utf8");
    const { mtimeMs } = await stat(path);
    return { text, holder: parseHolder(text), abandoned: Date.now() - mtimeMs > unreadableMilliseconds };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Record<keyof Holder, unknown>>;
    const { pid, host, started, token, processStart: start, job } = value;
    if (typeof pid !== "number" || typeof host !== "string" || typeof started !== "string") return undefined;
    if (typeof token !== "string") return undefined;
    return {
      pid, host, started, token, ...(typeof start === "string" && { processStart: start }), ...(isJob(job) && { job }),
    };
  } catch {
    return undefined;
  }
}

function isJob(value: unknown): value is Required<Holder>["job"] {
  return typeof value === "object" && value !== null && "name" in value && typeof value.name === "string" && "start" in value && typeof value.start === "number";
}

/** Whether a lock's holder may still run. On another host that cannot be known, so it may. */
function isRunning(holder: Holder): boolean {
  const own = ownJob()?.job;
  if (own !== undefined && holder.job?.name === own.name && holder.job.start < own.start) return false;
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
  const [state] = statusFields(holder.pid);
  if (state === "Z" || state === "X") return false; // it has ended, and nobody has asked how
  const now = processStart(holder.pid)?.processStart;
  return holder.processStart === undefined || now === undefined || now === holder.processStart;
}

/** Field 22 of /proc/<pid>/stat, in clock ticks since the system started; undefined where there is no /proc. */
function processStart(pid: number): { processStart: string } | undefined {
  const ticks = statusFields(pid)[19];
  return ticks === undefined ? undefined : { processStart: ticks };
}

/** The fields of /proc/<pid>/stat from the third on: the state first. None where there is no /proc. */
function statusFields(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command in parentheses and may hold anything, parentheses and spaces too.
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

function heldBy(path: string, what: string, { pid, host, started }: Holder): LockError {
  return new LockError(
    `${what} is in use by process ${pid} on ${host} since ${started}; wait for it or stop it. If that process no ` +
      `longer runs, delete ${path}.`,
  );
}
