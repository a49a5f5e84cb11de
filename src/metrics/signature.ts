/** Entries of the signatures by which others can repeat a score, in sacreBLEU's form. */

/** The `nrefs` entry of a signature: the number of references of each sentence, or `var` where it varies. */
export function referenceCountLabel(lists: readonly (readonly string[])[]): string {
  const counts = new Set(lists.map((list) => list.length));
  const [only] = counts;
  return counts.size === 1 && only !== undefined ? String(only) : "var";
}

/** The release of sacreBLEU whose scores ours equal, as signatures name it: another program, the same numbers. */
export const signatureVersion = "2.6.0-compatible";
