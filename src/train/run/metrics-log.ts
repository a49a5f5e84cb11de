/** A run's metrics: one JSON object a line. */
import { open, readFile, type FileHandle } from "node:fs/promises";
import { errorCode, fullDisk, writeFileAtomically } from "../../data/durable-files.ts";

/** One logged step; fields beside `step` are the writer's. */
export interface MetricsRecord {
  readonly step: number;
  readonly [field: string]: unknown;
}

/** A metrics file with a line that is not a record. */
export class MetricsLogError extends Error {
  override readonly name = "MetricsLogError";
}

/**
 * An append-only log. Records appear in the order of the calls, each in one write.
 *
 *     const log = await MetricsLog.open("runs/captions/metrics.jsonl", { resumeAt: 200 });
 *     await log.append({ step: 201, loss: 3.2 });
 *     await log.close();
 */
export class MetricsLog {
  readonly path: string;
  readonly #handle: FileHandle;
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /**
   * Opens a log for appending, and creates it where there is none. A last line that a kill cut short is removed.
   *
   * @param options.resumeAt the step that training goes on from: records of later steps are removed
   * @throws MetricsLogError for a line before the last that is not a record
   */
  static async open(path: string, options: { resumeAt?: number } = {}): Promise<MetricsLog> {
    const text = await readIfPresent(path);
    const kept = parseLog(path, text).filter(({ record }) => record.step <= (options.resumeAt ?? Infinity));
    const repaired = kept.map(({ line }) => `${line}\n`).join("");
    if (repaired !== text) await writeFileAtomically(path, repaired);
    return new MetricsLog(path, await open(path, "a"));
  }

  /** The records of a log, without a last line that is still being written; none where there is no file. */
  static async read(path: string): Promise<MetricsRecord[]> {
    return parseLog(path, await readIfPresent(path)).map(({ record }) => record);
  }

  /**
   * Adds a record; resolves once the operating system has it, so that other processes can read it. Numbers that JSON
   * cannot hold (NaN, infinities) are written as null.
   *
   * @throws DataError that names the file where the disk is full
   */
  append(record: MetricsRecord): Promise<void> {
    return this.#enqueue(async () => {
      await this.#handle.appendFile(`${JSON.stringify(record)}\n`, "utf8").catch((error: unknown) => {
        throw fullDisk(error, this.path);
      });
    });
  }

  /** Resolves once every record is on the disk. */
  flush(): Promise<void> {
    return this.#enqueue(() => this.#handle.datasync());
  }

  /** Flushes and closes the file. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#handle.close();
    }
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

function parseLog(path: string, text: string): { line: string; record: MetricsRecord }[] {
  const lines = text.split("\n");
  return lines.flatMap((line, index) => {
    if (line === "") return [];
    const record = parseRecord(line);
    if (record !== undefined) return [{ line, record }];
    const isLast = lines.slice(index + 1).every((later) => later === "");
    if (isLast) return [];
    throw new MetricsLogError(
      `${path}: line ${index + 1} is not a JSON object with a numeric "step"; the file is damaged. Remove that line.`,
    );
  });
}

function parseRecord(line: string): MetricsRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is MetricsRecord {
  return typeof value === "object" && value !== null && "step" in value && typeof value.step === "number";
}

async function readIfPresent(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  }
}
