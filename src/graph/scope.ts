/** The path of the layer that is being built, so that errors can name it: `encoder.layers.2`. */
let current = "";

/** Builds inside the layer of the given full path; an empty path leaves the current one. */
export function withPath<T>(path: string, build: () => T): T {
  const outer = current;
  if (path !== "") current = path;
  try {
    return build();
  } finally {
    current = outer;
  }
}

export function currentPath(): string {
  return current;
}
