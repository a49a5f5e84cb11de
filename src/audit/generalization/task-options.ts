/** A task's name as it is given on the command line, taken apart. */
export interface NamedTask {
  readonly kind: string;
  readonly options: ReadonlyMap<string, string>;
}

/** `scan:folder=data/scan,split=length` */
export function parseTask(text: string): NamedTask {
  const [kind = "", ...rest] = text.split(":");
  const options = rest.join(":").split(",").filter((option) => option !== "").map((option): [string, string] => {
    const [name = "", ...value] = option.split("=");
    return [name, value.join("=")];
  });
  return { kind, options: new Map(options) };
}

/** With some options given other values. */
export function formatTask({ kind, options }: NamedTask, changes: Readonly<Record<string, string>> = {}): string {
  const all = [...new Map([...options, ...Object.entries(changes)])].map(([name, value]) => `${name}=${value}`);
  return all.length === 0 ? kind : `${kind}:${all.join(",")}`;
}
