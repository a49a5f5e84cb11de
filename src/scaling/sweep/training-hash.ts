/** What a training's result depends on, as one short name. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DataError } from "../../data/data-error.ts";
import { isTextRunConfig } from "../../train/config/text.ts";
import { chooseCheckpoint } from "../../train/run/open-run.ts";
import { packageVersion } from "../../train/run/package-version.ts";
import { RunDirectory } from "../../train/run/run-directory.ts";
import type { TrainingConfig } from "./configure.ts";

/** Letters of a hash that stay: two of a million trainings share them once in 10^7 sweeps or so. */
const LETTERS = 16;

/** Fields of a configuration that say where it runs and what is told on the way, not what comes out. */
const NEUTRAL = new Set(["name", "directory", "engine", "parallel", "training.logEvery", "training.checkpointEvery", "training.keepLast", "training.mfu", "training.lossSpikes"]);

/** Fields of `data` that name files. */
const FILES = new Set(["source", "target", "file", "files", "folder"]);

/** Contents of files and packages, each looked at once. */
export class Fingerprints {
  readonly #known = new Map<string, Promise<string>>();

  /** Of a file's content, or of a folder of shards: its index, which holds their checksums, or else all of it. */
  file(path: string): Promise<string> {
    return this.#once(path, () => fingerprint(path));
  }

  package(name: string): Promise<string> {
    return this.#once(`package:${name}`, async () => `${name}@${await versionOf(name)}`);
  }

  #once(key: string, make: () => Promise<string>): Promise<string> {
    const known = this.#known.get(key) ?? make();
    this.#known.set(key, known);
    return known;
  }
}

/**
 * The name of a training's result: equal for configurations that train the same network on the same data in the same way
 * by the same version of this package, whatever they are called and wherever the data lies.
 */
export async function trainingHash(config: TrainingConfig, fingerprints: Fingerprints): Promise<string> {
  const data = await contentsOf(config.data, fingerprints);
  const from = isTextRunConfig(config) && config.from !== undefined ? await weightsOf(config.from, fingerprints) : undefined;
  const determining = canonical({ ...withoutNeutral(config), ...(from !== undefined && { from }), data, version: packageVersion() });
  return createHash("sha256").update(JSON.stringify(determining)).digest("hex").slice(0, LETTERS);
}

/** The weights that a training begins from, wherever their run lies. */
async function weightsOf({ run, checkpoint }: { readonly run: string; readonly checkpoint: string }, fingerprints: Fingerprints): Promise<string> {
  return fingerprints.file(await chooseCheckpoint(await RunDirectory.open(run), checkpoint));
}

/** A value with the keys of its objects in order. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, canonical(inner)]));
}

function withoutNeutral(value: Readonly<Record<string, unknown>>, path = ""): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => {
    const at = path === "" ? key : `${path}.${key}`;
    if (NEUTRAL.has(at)) return [];
    return [[key, isRecord(inner) ? withoutNeutral(inner, at) : inner]];
  }));
}

/** The description of data with the contents of files in place of their names. */
async function contentsOf(value: unknown, fingerprints: Fingerprints, key = ""): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((each) => contentsOf(each, fingerprints, key)));
  if (isRecord(value)) {
    return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([name, inner]) => [name, await contentsOf(inner, fingerprints, name)] as const)));
  }
  if (typeof value !== "string") return value;
  if (FILES.has(key)) return fingerprints.file(value);
  return key === "package" ? fingerprints.package(value) : value;
}

async function fingerprint(path: string): Promise<string> {
  const hash = createHash("sha256");
  const names = await readdir(path).catch(() => undefined);
  const files = names === undefined ? [path] : (names.includes("index.json") ? ["index.json"] : names.sort()).map((name) => join(path, name));
  for (const file of files) {
    await pipeline(createReadStream(file), hash, { end: false }).catch((cause: unknown) => {
      throw new DataError(`${file} cannot be read (${cause instanceof Error ? cause.message : String(cause)}); check the path.`, { cause });
    });
  }
  return hash.digest("hex");
}

async function versionOf(name: string): Promise<string> {
  const path = createRequire(import.meta.url).resolve(`${name}/package.json`);
  const { version } = JSON.parse(await readFile(path, "utf8")) as { version: string };
  return version;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
