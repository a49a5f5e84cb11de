/** The folder that holds everything about a run. */
import { access, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { recoverCheckpoints } from "../checkpoint/recovery.ts";
import { resolveRun, type RunConfig } from "../config/config.ts";
import { isGrpoConfig, isGrpoRun, resolveGrpoRun, type GrpoRunConfig } from "../config/grpo.ts";
import { isPhraseRun, resolvePhraseRun, type PhraseRunConfig } from "../config/phrase.ts";
import { valueAt } from "../config/schema.ts";
import { isTextRun, resolveTextRun, type TextRunConfig } from "../config/text.ts";
import { errorCode, writeFileAtomically } from "../../data/durable-files.ts";
import { makeFolders, removeEmptyFolders } from "../../data/folders.ts";
import { Lock } from "../../data/lock.ts";
import { dropReplaced, giveBackReplaced, recoverReplaced, setAside } from "../../data/replaced.ts";

/** A run directory that does not exist, exists already, or holds something else. */
export class RunDirectoryError extends Error {
  override readonly name = "RunDirectoryError";
}

/** What a run's `config.json` may hold. */
export type AnyRunConfig = RunConfig | TextRunConfig | PhraseRunConfig | GrpoRunConfig;

/** What of a configuration its folder goes by; kinds of runs that other rooms know have more in it. */
export interface NamedRun {
  readonly name: string;
  /** The folder that holds the run's folder. */
  readonly directory: string;
}

/** What to do when the directory already holds a run. */
export interface CreateOptions {
  /** Go on with it: its files stay as they are, its `config.json` too. */
  readonly resume?: boolean;
  /** Replace it: it is deleted once the new run has saved or logged something, and comes back where that fails before. */
  readonly overwrite?: boolean;
}

/**
 * A run directory: `config.json`, `metrics.jsonl`, the tokenizers and `checkpoints/`. One that was opened
 * for writing holds the run's lock until `close`.
 *
 *     const run = await RunDirectory.create(config, { resume: true });
 *     await run.during(async () => { … });
 */
export class RunDirectory {
  /** Absolute path of the folder. */
  readonly path: string;
  readonly #lock: Lock | undefined;
  /** Whether the run begins with this object. */
  #isNew = false;
  /** The outermost folder that holds nothing but what is made of the run. */
  #own: string | undefined;

  private constructor(path: string, lock?: Lock) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Makes the directory `<config.directory>/<config.name>`, writes its `config.json` and takes its lock.
   *
   * @throws RunDirectoryError when it already holds a run and neither resume nor overwrite was asked for, or both were
   * @throws LockError when another process is writing to the run
   */
  static async create(config: NamedRun, options: CreateOptions = {}): Promise<RunDirectory> {
    const path = resolve(config.directory, config.name);
    if (options.resume && options.overwrite) {
      throw new RunDirectoryError(`${path} cannot be both resumed and overwritten; choose one.`);
    }
    const checkVacant = async (): Promise<boolean> => {
      const held = await holdsRun(path);
      if (held && !options.resume && !options.overwrite) {
        throw new RunDirectoryError(`${path} already holds a run; continue it with --resume, replace it with --overwrite, or choose another name.`);
      }
      return !held;
    };
    await checkVacant();
    const made = await makeFolders(path);
    return RunDirectory.#locked(path, async (run) => {
      const vacant = await checkVacant();
      run.#isNew = vacant || options.overwrite === true;
      run.#own = made ?? (vacant ? undefined : path);
      if (options.overwrite && !vacant) await setAside(path, run.#contents);
      await run.#makeFolders();
      if (run.#isNew) await run.writeConfig(config);
    });
  }

  /**
   * Opens an existing run.
   *
   * @param options.write takes the run's lock and cleans up after an interrupted writer; without it the run is only read
   * @throws RunDirectoryError when there is no run at the path
   */
  static async open(path: string, options: { write?: boolean } = {}): Promise<RunDirectory> {
    const absolute = resolve(path);
    if (!(await holdsRun(absolute))) {
      throw new RunDirectoryError(`${absolute} holds no run: it has no config.json. Check the path, or train first.`);
    }
    if (!options.write) return new RunDirectory(absolute);
    return RunDirectory.#locked(absolute, (run) => run.#makeFolders());
  }

  /** The runs in a folder, by name. @throws RunDirectoryError where there is no such folder, or where it is a run itself */
  static async list(directory: string): Promise<RunDirectory[]> {
    if (await holdsRun(resolve(directory))) throw new RunDirectoryError(`${directory} is a run itself; give the folder that it is in, ${dirname(resolve(directory))}.`);
    const names = await readdir(directory).catch((error: unknown) => {
      if (errorCode(error) === "ENOENT") throw new RunDirectoryError(`There is no folder ${directory}; give the folder that holds the runs, or train one first.`);
      if (errorCode(error) === "ENOTDIR") throw new RunDirectoryError(`${directory} is a file; give the folder that holds the runs.`);
      throw error;
    });
    const paths = names.sort().map((name) => resolve(directory, name));
    const held = await Promise.all(paths.map(holdsRun));
    return paths.filter((_, index) => held[index]).map((path) => new RunDirectory(path));
  }

  static async #locked(path: string, prepare: (run: RunDirectory) => Promise<void>): Promise<RunDirectory> {
    const lock = await Lock.acquire(join(path, "run.lock"), "The run");
    try {
      const run = new RunDirectory(path, lock);
      await recoverCheckpoints(run.checkpoints);
      await recoverReplaced(path, () => run.#hasBegun());
      await prepare(run);
      return run;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get name(): string {
    return basename(this.path);
  }

  get configFile(): string {
    return join(this.path, "config.json");
  }

  get metricsFile(): string {
    return join(this.path, "metrics.jsonl");
  }

  get checkpoints(): string {
    return join(this.path, "checkpoints");
  }

  /** The tokenizer's file: of a joint vocabulary, or of one side. */
  tokenizerFile(side?: "source" | "target"): string {
    return join(this.path, side === undefined ? "tokenizer.json" : `${side}-tokenizer.json`);
  }

  /** A phrase-based translator's phrases with their scores. */
  get phraseTableFile(): string {
    return join(this.path, "phrase-table.gz");
  }

  /** A phrase-based translator's n-grams. */
  get languageModelFile(): string {
    return join(this.path, "language-model.arpa.gz");
  }

  /** What a phrase-based translator's features weigh. */
  get weightsFile(): string {
    return join(this.path, "weights.json");
  }

  /** The configuration of a network's run on pairs, checked anew. @throws RunDirectoryError where the run is another */
  async readConfig(): Promise<RunConfig> {
    const input = await this.#readInput();
    if (isPhraseRun(input)) throw new RunDirectoryError(`${this.path} is a phrase-based translator, which has no network and gives no log-probabilities; use it with decade translate, evaluate or inspect.`);
    if (isTextRun(input)) throw new RunDirectoryError(`${this.path} is a language model, which has no source to read from; use it with decade generate.`);
    return resolveRun(input, this.configFile);
  }

  /** The configuration of a language model's run, from text or from rewards, checked anew. @throws RunDirectoryError where the run is on pairs */
  async readLanguageConfig(): Promise<TextRunConfig | GrpoRunConfig> {
    const input = await this.#readInput();
    if (!isTextRun(input)) throw new RunDirectoryError(`${this.path} is no language model; use it with decade translate.`);
    return isGrpoRun(input) ? resolveGrpoRun(input, this.configFile) : resolveTextRun(input, this.configFile);
  }

  /** The same of a run on text. @throws RunDirectoryError where the run is another */
  async readTextConfig(): Promise<TextRunConfig> {
    const config = await this.readLanguageConfig();
    if (isGrpoConfig(config)) throw new RunDirectoryError(`${this.path} learned from rewards and has no text of its own; where a text is needed, give one with --text FILE.`);
    return config;
  }

  /** The same of a run that learns from rewards. @throws RunDirectoryError where the run is another */
  async readGrpoConfig(): Promise<GrpoRunConfig> {
    const config = await this.readLanguageConfig();
    if (!isGrpoConfig(config)) throw new RunDirectoryError(`${this.path} learned from text, not from rewards; choose another name, or the configuration that it began with.`);
    return config;
  }

  /** The configuration of a phrase-based translator, checked anew. @throws RunDirectoryError where the run is another */
  async readPhraseConfig(): Promise<PhraseRunConfig> {
    const input = await this.#readInput();
    if (!isPhraseRun(input)) throw new RunDirectoryError(`${this.path} is no phrase-based translator; train one with model.kind "phrase-based".`);
    return resolvePhraseRun(input, this.configFile);
  }

  /** Whether the run is a phrase-based translator. */
  async isPhraseRun(): Promise<boolean> {
    return isPhraseRun(await this.#readInput());
  }

  /** Whether the run is a language model. */
  async isTextRun(): Promise<boolean> {
    return isTextRun(await this.#readInput());
  }

  /** Replaces `config.json`; a kill leaves either the old or the new one. */
  async writeConfig(config: NamedRun): Promise<void> {
    await writeFileAtomically(this.configFile, `${JSON.stringify(config, undefined, 2)}\n`);
  }

  /**
   * Does the run's work, and gives the lock back. Where the work of a new run fails before anything of it was logged or
   * saved, nothing of it stays: a second try finds the folder as the first one did, with the run in it that was to be replaced.
   */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      const result = await work();
      await this.dropReplaced();
      return result;
    } catch (error) {
      if (this.#isNew && !(await this.#hasBegun())) await this.#discard();
      else await this.dropReplaced();
      throw error;
    } finally {
      this.close();
    }
  }

  /** Deletes the run that this one replaces, if there is one. */
  async dropReplaced(): Promise<void> {
    await dropReplaced(this.path);
  }

  /** Gives the lock back. */
  close(): void {
    this.#lock?.release();
  }

  /** @throws RunDirectoryError where it is no JSON, or of a reward model, which another room reads */
  async #readInput(): Promise<unknown> {
    const input = await this.#parseConfig();
    if (valueAt(input, ["model", "kind"]) === "reward") throw new RunDirectoryError(`${this.path} is a reward model, which judges attempts and writes none; use it with decade think --reward.`);
    return input;
  }

  async #parseConfig(): Promise<unknown> {
    const text = await readFile(this.configFile, "utf8");
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new RunDirectoryError(`${this.configFile} is not valid JSON; restore it from a copy of the run.`, { cause });
    }
  }

  async #hasBegun(): Promise<boolean> {
    const logged = await stat(this.metricsFile).then(({ size }) => size > 0, () => false);
    return logged || (await readdir(this.checkpoints).catch(() => [])).length > 0;
  }

  /** Removes the run, and the folders that were made for it unless something else has come into them; or gives back the run that it replaces. */
  async #discard(): Promise<void> {
    for (const path of this.#contents) await rm(path, { recursive: true, force: true });
    if (await giveBackReplaced(this.path)) return;
    this.close();
    if (this.#own !== undefined) await removeEmptyFolders(this.path, this.#own);
  }

  async #makeFolders(): Promise<void> {
    await mkdir(this.checkpoints, { recursive: true });
  }

  /** What a run writes, which is not all that someone may keep in the folder; its `config.json`, by which it is known, last. */
  get #contents(): readonly string[] {
    const tokenizers = [this.tokenizerFile(), this.tokenizerFile("source"), this.tokenizerFile("target")];
    const phraseBased = [this.phraseTableFile, this.languageModelFile, this.weightsFile];
    return [this.checkpoints, this.metricsFile, ...tokenizers, ...phraseBased, this.configFile];
  }
}

async function holdsRun(path: string): Promise<boolean> {
  return access(join(path, "config.json")).then(
    () => true,
    () => false,
  );
}
