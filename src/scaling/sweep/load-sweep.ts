import { dirname, resolve } from "node:path";
import { readConfigFile, resolveConfigPaths } from "../../train/config/load.ts";
import { configure } from "./configure.ts";
import { resolveSweep, type Sweep } from "./sweep-schema.ts";

/**
 * Reads a sweep: the default export of a TypeScript or JavaScript module, or JSON. Relative data paths of its base configuration
 * start at the file's folder and come back absolute.
 *
 * @throws ConfigError that lists everything that is wrong
 */
export async function loadSweep(file: string): Promise<Sweep> {
  const path = resolve(file);
  const sweep = resolveSweep(await readConfigFile(path, "defineSweep"), path);
  const { data } = resolveConfigPaths(configure(sweep, {}), dirname(path));
  return { ...sweep, base: { ...sweep.base, data } };
}
