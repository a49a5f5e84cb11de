import { Script, createContext } from "node:vm";

/** What became of a call that may throw or never end. */
export type Limited<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "threw"; readonly message: string }
  | { readonly kind: "late" };

const script = new Script("call()");
const surroundings: { call: () => unknown } = { call: () => undefined };
const context = createContext(surroundings);

/**
 * Calls a function and waits for what it returns, for so many milliseconds at most each. One that loops without end is
 * stopped, which the language itself cannot do but Node's `vm` can.
 */
export async function withTimeLimit<T>(call: () => T | Promise<T>, milliseconds: number): Promise<Limited<T>> {
  try {
    surroundings.call = call;
    const returned = script.runInContext(context, { timeout: milliseconds }) as T | Promise<T>;
    if (!(returned instanceof Promise)) return { kind: "done", value: returned };
    return await before(returned, milliseconds);
  } catch (error) {
    if (isTimeout(error)) return { kind: "late" };
    return { kind: "threw", message: error instanceof Error ? error.message : String(error) };
  }
}

async function before<T>(promise: Promise<T>, milliseconds: number): Promise<Limited<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Limited<T>>((resolve) => {
    timer = setTimeout(() => resolve({ kind: "late" }), milliseconds);
  });
  try {
    return await Promise.race([promise.then((value): Limited<T> => ({ kind: "done", value })), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The error comes from the script's own surroundings, whose `Error` is another. */
function isTimeout(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
