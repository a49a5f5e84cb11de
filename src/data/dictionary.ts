import { DataError, messageOf } from "./data-error.ts";

/** The package marks the second and further pronunciations of a word: "tomato(1)". */
const ALTERNATIVE = /\(\d+\)$/;
/** A few entries carry the dictionary's remarks: "AA1 L T OW2 # name, finnish". */
const REMARK = /\s*#.*$/;
/** ARPAbet vowels end in 0, 1 or 2 for no, primary or secondary stress. */
const STRESS = /(?<=[A-Z])[0-2](?= |$)/g;

/**
 * The words of the CMU Pronouncing Dictionary with their phonemes, as the npm package cmu-pronouncing-dictionary
 * carries it: one pair for each pronunciation that differs.
 *
 * @throws DataError where the package is not installed.
 */
export async function dictionaryPairs(stress: boolean): Promise<{ source: string; target: string }[]> {
  const pairs = new Map<string, { source: string; target: string }>();
  for (const [key, pronunciation] of Object.entries(await loadDictionary())) {
    const source = key.replace(ALTERNATIVE, "");
    const phonemes = pronunciation.replace(REMARK, "");
    const target = stress ? phonemes : phonemes.replace(STRESS, "");
    pairs.set(`${source}\t${target}`, { source, target });
  }
  return [...pairs.values()];
}

async function loadDictionary(): Promise<Record<string, string>> {
  try {
    return (await import("cmu-pronouncing-dictionary")).dictionary;
  } catch (error) {
    throw new DataError(
      `The package cmu-pronouncing-dictionary cannot be loaded (${messageOf(error)}). ` +
        `Install it with: npm install cmu-pronouncing-dictionary`,
    );
  }
}
