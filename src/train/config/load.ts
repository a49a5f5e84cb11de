/** Reading a configuration from a file. */
import { access, readFile } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createJiti } from "jiti";
import { resolveRun, runJsonSchema, type RunConfig } from "./config.ts";
import type { HeldOut } from "./data.ts";
import { applyOverrides } from "./overrides.ts";
import { grpoJsonSchema, isGrpoRun, resolveGrpo, resolveGrpoPaths, type GrpoConfig } from "./grpo.ts";
import { isPhraseRun, phraseRunJsonSchema, resolvePhraseRun, type PhraseRunConfig } from "./phrase.ts";
import { ConfigError } from "./problems.ts";
import { isTextRun, isTextRunConfig, resolveTextRun, textRunJsonSchema, type TextDataConfig, type TextRunConfig } from "./text.ts";

const formats = [".ts", ".mts", ".js", ".mjs", ".json"];

/**
 * Reads, overrides and resolves the configuration in a file: the default export of a TypeScript or JavaScript module,
 * or JSON. Relative data paths, those of overrides too, start at the file's folder and come back absolute.
 *
 *     const config = await loadConfig("captions.config.ts", ["training.epochs=3"]);
 *
 * @param overrides `path=value`, as `--set` takes them
 * @throws ConfigError that lists everything that is wrong
 */
export async function loadConfig(file: string, overrides: readonly string[] = []): Promise<RunConfig> {
  const path = resolve(file);
  const input = applyOverrides(await readConfigFile(path), overrides, runJsonSchema);
  return resolveDataPaths(resolveRun(input, path), dirname(path));
}

/** A network's configuration, of pairs or of text, whichever the file holds; otherwise as `loadConfig`. */
export async function loadAnyConfig(file: string, overrides: readonly string[] = []): Promise<RunConfig | TextRunConfig> {
  const path = resolve(file);
  const input = await readConfigFile(path);
  if (isPhraseRun(input)) throw new ConfigError(["it describes a phrase-based translator, which has no network; use it with decade train, and its run with translate, evaluate or inspect."], path);
  if (isGrpoRun(input)) throw new ConfigError(["it describes learning from rewards, which takes its network from a run; use it with decade train."], path);
  const config = isTextRun(input) ? resolveTextRun(applyOverrides(input, overrides, textRunJsonSchema), path)
    : resolveRun(applyOverrides(input, overrides, runJsonSchema), path);
  return resolveConfigPaths(config, dirname(path));
}

/** A configuration of anything that can be trained, by counting and from rewards too; otherwise as `loadConfig`. */
export async function loadTrainable(file: string, overrides: readonly string[] = []): Promise<RunConfig | TextRunConfig | PhraseRunConfig | GrpoConfig> {
  const path = resolve(file);
  const input = await readConfigFile(path);
  if (isGrpoRun(input)) return resolveGrpoPaths(resolveGrpo(applyOverrides(input, overrides, grpoJsonSchema), path), dirname(path));
  if (!isPhraseRun(input)) return loadAnyConfig(file, overrides);
  return resolveDataPaths(resolvePhraseRun(applyOverrides(input, overrides, phraseRunJsonSchema), path), dirname(path));
}

/** A configuration of either kind, whose relative data paths start at a folder. */
export function resolveConfigPaths(config: RunConfig | TextRunConfig, folder: string): RunConfig | TextRunConfig {
  return isTextRunConfig(config) ? resolveTextPaths(config, folder) : resolveDataPaths(config, folder);
}

function resolveTextPaths(config: TextRunConfig, folder: string): TextRunConfig {
  const { from } = config;
  return { ...config, data: resolveTextData(config.data, folder), ...(from && { from: { ...from, run: resolve(folder, from.run) } }) };
}

function resolveTextData(data: TextDataConfig, folder: string): TextDataConfig {
  switch (data.kind) {
    case "shards":
      return { ...data, folder: resolve(folder, data.folder) };
    case "mixture":
      return { ...data, parts: data.parts.map((part) => ({ ...part, folder: resolve(folder, part.folder) })) };
    case "text":
    case "completions":
      return { ...data, files: data.files.map((each) => resolve(folder, each)) };
    case "package":
      return data;
    default:
      return data satisfies never;
  }
}

/** A configuration whose relative data paths start at a folder. */
function resolveDataPaths<Config extends RunConfig | PhraseRunConfig>(config: Config, folder: string): Config {
  const { data } = config;
  const splits = Object.fromEntries(
    (["validation", "test"] as const).flatMap((name) => {
      const split = data[name];
      return split === undefined ? [] : [[name, resolveSource(split, folder)]];
    }),
  );
  return { ...config, data: { ...resolveSource(data, folder), ...splits } };
}

function resolveSource<Source extends HeldOut>(source: Source, folder: string): Source {
  if ("file" in source) return { ...source, file: resolve(folder, source.file) };
  if ("source" in source) {
    return { ...source, source: resolve(folder, source.source), target: resolve(folder, source.target) };
  }
  return source;
}

/**
 * The default export of a TypeScript or JavaScript module, or what a JSON file holds.
 *
 * @param define the function that such a module wraps its export in, for the error
 * @throws ConfigError
 */
export async function readConfigFile(path: string, define = "defineRun"): Promise<unknown> {
  if (!(await access(path).then(() => true, () => false))) {
    throw new ConfigError([`it cannot be read, for it does not exist; give the path of a file, absolute or relative to ${process.cwd()}.`], path);
  }
  if (!formats.includes(extname(path))) {
    throw new ConfigError([`expected a file that ends in ${formats.join(", ")}; rename it or convert it.`], path);
  }
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new ConfigError([`it cannot be read (${reasonOf(cause)}); check the path.`], path, { cause });
  }
  try {
    return extname(path) === ".json" ? JSON.parse(text) : await importDefault(path, define);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError([`it cannot be loaded (${reasonOf(cause)}); correct the file.`], path, { cause });
  }
}

/** Imports a module's default export; `decade` in it means this package, wherever the file lies. */
async function importDefault(path: string, define: string): Promise<unknown> {
  const own = fileURLToPath(import.meta.url);
  const jiti = createJiti(import.meta.url, {
    alias: { decade: resolve(dirname(own), `../../index${extname(own)}`) },
  });
  // The file itself is read anew, for those who edit it while the process lives; what it imports is not.
  delete jiti.cache[path];
  const module: unknown = await jiti.import(path);
  const value = typeof module === "object" && module !== null && "default" in module ? module.default : undefined;
  if (value === undefined) {
    throw new ConfigError([`it has no default export; write \`export default ${define}({ … })\`.`], path);
  }
  return value;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
