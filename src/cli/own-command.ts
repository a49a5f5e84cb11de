import { fileURLToPath } from "node:url";

/** This program as another process starts it: Node, its flags and the main module, to which arguments are added. */
export function ownCommand(): [string, ...string[]] {
  return [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url.replace(/own-command(\.[jt]s)$/, "main$1"))];
}
