import { fileURLToPath } from "node:url";

/**
 * This program as another process starts it: Node, its flags and the main module, to which arguments are added. Where it is
 * not built, what was loaded to run TypeScript is loaded there too.
 *
 * @param preload modules of this package, as URLs, to be loaded before
 */
export function ownProgram(...preload: readonly string[]): [string, ...string[]] {
  const isBuilt = import.meta.url.endsWith(".js");
  const imports = [...(isBuilt || process.execArgv.some((flag) => /jiti.register/.test(flag)) ? [] : [import.meta.resolve("jiti/register")]), ...preload];
  const main = new URL(`../../cli/main.${isBuilt ? "js" : "ts"}`, import.meta.url);
  return [process.execPath, ...process.execArgv, ...imports.flatMap((each) => ["--import", each]), fileURLToPath(main)];
}
