import { distance } from "fastest-levenshtein";

/**
 * The known name that a mistyped one most likely meant, by Levenshtein distance.
 *
 * @param name what was written
 * @param known the names that exist
 * @returns the nearest name, or undefined when none is near (more than two fifths of the longer name differ)
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    const allowed = Math.max(1, Math.floor(0.4 * Math.max(name.length, candidate.length)));
    if (edits <= allowed && edits < bestDistance) {
      best = candidate;
      bestDistance = edits;
    }
  }
  return best;
}

/** What to say after an unknown name: `did you mean "epochs"?`, or the list of names that exist. */
export function suggestion(name: string, known: Iterable<string>): string {
  const names = [...known];
  const near = nearest(name, names);
  if (near !== undefined) return `did you mean "${near}"?`;
  if (names.length === 0) return "no field is expected here.";
  return `the known ones are ${names.map((each) => `"${each}"`).join(", ")}.`;
}
