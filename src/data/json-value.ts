/** What JSON text says; `undefined` where it is none, for a schema to refuse. */
export function jsonValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
