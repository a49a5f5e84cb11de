/** Reference translations of a test set, and the checks that they fit the hypotheses. */

/**
 * For each sentence its reference, or all its references.
 *
 * sacreBLEU takes the transpose of the second form: one list of sentences for each set of references.
 */
export type References = readonly (string | readonly string[])[];

/**
 * The references of each sentence as lists.
 *
 * @throws RangeError if there are no sentences, their number differs from that of the hypotheses, or one lacks a reference
 */
export function referenceLists(hypotheses: readonly string[], references: References): (readonly string[])[] {
  if (hypotheses.length === 0) {
    throw new RangeError("The corpus has 0 sentences, but a corpus metric needs at least one.");
  }
  if (hypotheses.length !== references.length) {
    throw new RangeError(
      `There are ${hypotheses.length} hypotheses but references for ${references.length} sentences; ` +
        `the two numbers must be equal.`,
    );
  }
  return references.map((entry, sentence) => {
    const list = typeof entry === "string" ? [entry] : entry;
    if (list.length === 0) {
      throw new RangeError(`Sentence ${sentence} has no reference, but at least one was expected.`);
    }
    return list;
  });
}
