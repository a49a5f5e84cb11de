/**
 * Splitting text as Python's `str` methods do, so that scores agree with tools written in Python.
 *
 * JavaScript's `\s` differs from Python's `str.isspace`: it holds U+FEFF, and lacks U+001C to U+001F and U+0085.
 */

// White space by the Python documentation of `str.isspace`: category Zs, or bidirectional class WS, B or S.
const space = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const spaceRun = new RegExp(`[${space}]+`, "u");
// What stands before is looked at, so that a run within the text is tried once and not from each of its characters.
const trailingSpace = new RegExp(`(?<![${space}])[${space}]+$`, "u");

/** The words between runs of white space; none for blank text. Equals Python's `text.split()`. */
export function splitWords(text: string): string[] {
  return text.split(spaceRun).filter((word) => word !== "");
}

/** The text without white space at its end. Equals Python's `text.rstrip()`. */
export function trimEnd(text: string): string {
  return text.replace(trailingSpace, "");
}
