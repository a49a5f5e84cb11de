import { dirname, resolve } from "node:path";
import { readConfigFile, resolveConfigPaths } from "../../train/config/load.ts";
import { isTextRunConfig } from "../../train/config/text.ts";
import { configure } from "./configure.ts";
import { resolveSweep, type Sweep } from "./sweep-schema.ts";

/**
 * Reads a sweep: the default export of a TypeScript or JavaScript module, or JSON. Relative paths of its base configuration, to data
 * and to the run that it begins from, start at the file's folder and come back absolute.
 *
 * @throws ConfigError that lists everything that is wrong
 */
export async function loadSweep(file: string): Promise<Sweep> {
  const path = resolve(file);
  const sweep = resolveSweep(await readConfigFile(path, "defineSweep"), path);
  const placed = resolveConfigPaths(configure(sweep, {}), dirname(path));
  const from = isTextRunConfig(placed) ? placed.from : undefined;
  return { ...sweep, base: { ...sweep.base, data: placed.data, ...(from !== undefined && { from }) } };
}
