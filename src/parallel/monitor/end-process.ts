import koffi from "koffi";

/**
 * Ends the whole process from any of its threads, also while the main one is in a long call: `process.exit` of a worker
 * ends the worker only.
 */
export function endProcess(code: number): void {
  try {
    const exit = koffi.load(null).func("_exit", "void", ["int"]) as (status: number) => void;
    exit(code);
  } finally {
    process.kill(process.pid, "SIGKILL");
  }
}
