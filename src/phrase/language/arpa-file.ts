/** N-gram models as ARPA files, which SRILM, KenLM and others read and write. */
import { NgramModel, type NgramEntry } from "./ngram-model.ts";
import { PhraseError } from "../phrase-error.ts";

/** The lines of a model's file: log10 probabilities, the n-gram, and the log10 back-off weight of all but the highest order. */
export function* formatArpa(model: NgramModel): Generator<string> {
  yield "\\data\\";
  for (const [at, count] of model.counts.entries()) yield `ngram ${at + 1}=${count}`;
  for (let order = 1; order <= model.order; order++) {
    yield "";
    yield `\\${order}-grams:`;
    for (const { words, logProbability, logBackoff } of model.entries(order)) {
      const backoff = order < model.order ? `\t${decimal(logBackoff)}` : "";
      yield `${decimal(logProbability)}\t${words.join(" ")}${backoff}`;
    }
  }
  yield "";
  yield "\\end\\";
}

/** A natural logarithm to the base 10, with the seven digits of a float. */
function decimal(logarithm: number): string {
  return String(Number((logarithm / Math.LN10).toPrecision(8)));
}

/**
 * Reads a model from an ARPA file's lines.
 * @throws PhraseError that names the line, what was found and what was expected
 */
export function parseArpa(lines: Iterable<string>, origin: string): NgramModel {
  const entries: NgramEntry[][] = [];
  const promised: number[] = [];
  let section = -1; // before \data\; 0 in it; then the order
  let ended = false;
  let number = 0;
  for (const raw of lines) {
    number++;
    const line = raw.trim();
    const heading = /^\\(\d+)-grams:$/.exec(line);
    if (line === "" || ended) continue;
    if (line === "\\data\\") section = 0;
    else if (line === "\\end\\") ended = true;
    else if (heading !== null) {
      section = Number(heading[1]);
      if (section !== entries.length + 1) throw broken(origin, number, `the ${section}-grams follow those of order ${entries.length}`, "the orders one after the other");
      entries.push([]);
    } else if (section === 0) promised.push(promisedCount(line, promised.length + 1, origin, number));
    else if (section > 0) entries[section - 1]?.push(parseEntry(line, section, origin, number));
  }
  if (!ended) throw new PhraseError(`${origin} ends after ${number} lines without \\end\\; it is no ARPA file or was cut short, so copy or train it again.`);
  entries.forEach((found, at) => {
    if (found.length !== promised[at]) throw new PhraseError(`${origin} has ${found.length} ${at + 1}-grams, but its head promises ${promised[at] ?? 0}; copy or train it again.`);
  });
  try {
    return new NgramModel(entries);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new PhraseError(`${origin} is no complete language model: ${error.message}; copy or train it again.`, { cause: error });
  }
}

function promisedCount(line: string, order: number, origin: string, number: number): number {
  const [, found, count] = /^ngram (\d+)=\s*(\d+)$/.exec(line) ?? [];
  if (Number(found) !== order) throw broken(origin, number, JSON.stringify(line), `"ngram ${order}=" and how many there are`);
  return Number(count);
}

function parseEntry(line: string, order: number, origin: string, number: number): NgramEntry {
  const [probability = "", ...rest] = line.split(/[\t ]+/);
  const words = rest.slice(0, order);
  const [backoff, excess] = rest.slice(order);
  if (words.length !== order || excess !== undefined || !isNumber(probability) || (backoff !== undefined && !isNumber(backoff))) {
    throw broken(origin, number, JSON.stringify(line), `a log10 probability, ${order} word${order === 1 ? "" : "s"} and at most a back-off weight`);
  }
  return { words, logProbability: Number(probability) * Math.LN10, logBackoff: Number(backoff ?? 0) * Math.LN10 };
}

function isNumber(text: string): boolean {
  return text !== "" && Number.isFinite(Number(text));
}

function broken(origin: string, line: number, found: string, expected: string): PhraseError {
  return new PhraseError(`${origin}, line ${line}: ${found} was found; expected ${expected}.`);
}
