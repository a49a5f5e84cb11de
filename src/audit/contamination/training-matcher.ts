/** Finds in training documents what a test set's index holds. */
import { fold, RollingHash, SequenceHash } from "../words/rolling-hash.ts";
import type { WordSink } from "../words/word-scanner.ts";
import { HashTable } from "./hash-table.ts";
import { bandKeys, permutationSeeds, signature } from "./min-hash.ts";
import { isShort, wholeKey, type TestIndex } from "./test-index.ts";

/** Longer documents are not compared as wholes; so many words of one are kept. */
export const LONGEST_COMPARED = 1 << 20;

/** A place in the training set: documents are counted from 0 in each task. */
export interface Place {
  readonly task: number;
  readonly document: number;
}

export interface NearDuplicate extends Place {
  readonly example: number;
  /** Jaccard similarity of the sets of shingles. */
  readonly similarity: number;
}

/** What was found in the tasks so far. Places are numbers as `packPlace` makes them. */
export interface Findings {
  /** Documents in which each n-gram stands. */
  readonly gramDocuments: Uint32Array;
  /** The first of them; infinite where there is none. */
  readonly gramPlaces: Float64Array;
  /** The first document that is the same as each whole, by the numbers of `TestIndex.whole`. */
  readonly wholePlaces: Float64Array;
  /** The most similar document that is not the same, of each example, and where it stands. */
  readonly similarities: Float64Array;
  readonly similarPlaces: Float64Array;
  /** Documents that have words. */
  documents: number;
  words: number;
  /** Documents that are too long to be compared as wholes. */
  tooLong: number;
}

const DOCUMENTS = 2 ** 33;

export function packPlace({ task, document }: Place): number {
  return task * DOCUMENTS + document;
}

export function unpackPlace(place: number): Place {
  return { task: Math.floor(place / DOCUMENTS), document: place % DOCUMENTS };
}

export function noFindings({ grams, whole, examples }: TestIndex): Findings {
  const places = (length: number): Float64Array => new Float64Array(length).fill(Infinity);
  return {
    gramDocuments: new Uint32Array(grams.size), gramPlaces: places(grams.size), wholePlaces: places(whole.size),
    similarities: new Float64Array(examples), similarPlaces: places(examples), documents: 0, words: 0, tooLong: 0,
  };
}

/** Adds what another thread found. */
export function mergeFindings(into: Findings, from: Findings): void {
  from.gramDocuments.forEach((count, gram) => (into.gramDocuments[gram] = (into.gramDocuments[gram] ?? 0) + count));
  keepLeast(into.gramPlaces, from.gramPlaces);
  keepLeast(into.wholePlaces, from.wholePlaces);
  from.similarPlaces.forEach((place, example) => keepMoreSimilar(into, example, from.similarities[example] ?? 0, place));
  into.documents += from.documents;
  into.words += from.words;
  into.tooLong += from.tooLong;
}

function keepLeast(into: Float64Array, from: Float64Array): void {
  from.forEach((place, at) => (into[at] = Math.min(into[at] ?? Infinity, place)));
}

/** Of equally similar ones, the first. */
function keepMoreSimilar({ similarities, similarPlaces }: Findings, example: number, similarity: number, place: number): void {
  const [best, bestPlace] = [similarities[example] ?? 0, similarPlaces[example] ?? Infinity];
  if (similarity < best || (similarity === best && place >= bestPlace)) return;
  similarities[example] = similarity;
  similarPlaces[example] = place;
}

/** Reads the words of training documents and notes what the test set has too. */
export class TrainingMatcher implements WordSink {
  readonly findings: Findings;
  readonly #grams: HashTable;
  readonly #shingles: HashTable;
  readonly #wholes: HashTable;
  readonly #gram: RollingHash;
  readonly #shingle: RollingHash;
  readonly #whole = new SequenceHash();
  /** The last place at which each n-gram, and each shingle, stood. */
  readonly #gramLast: Float64Array;
  readonly #shingleLast: Float64Array;
  readonly #near: NearDuplicateFinder;
  /** Hashes of the document's shingles, which may repeat, and how many of those that the test set has are different. */
  #members = new Uint32Array(1024);
  #memberCount = 0;
  #sharedShingles = 0;
  /** How many of the last shingles, without a gap, the test set has; how many of them an n-gram holds, 0 where none. */
  #shingleRun = 0;
  readonly #shinglesOfGram: number;
  #count = 0;
  #place = 0;

  constructor(private readonly index: TestIndex, threshold: number) {
    this.findings = noFindings(index);
    [this.#grams, this.#shingles, this.#wholes] = [new HashTable(index.grams), new HashTable(index.shingles), new HashTable(index.whole)];
    [this.#gram, this.#shingle] = [new RollingHash(index.n), new RollingHash(index.shingle)];
    this.#shinglesOfGram = Math.max(0, index.n - index.shingle + 1);
    this.#gramLast = new Float64Array(index.grams.size).fill(-1);
    this.#shingleLast = new Float64Array(index.shingles.size).fill(-1);
    this.#near = new NearDuplicateFinder(index, threshold, this.#shingleLast);
  }

  /** The documents that follow are those of a task. */
  begin(task: number): void {
    this.#place = packPlace({ task, document: 0 });
  }

  word(high: number, low: number): void {
    this.#count++;
    this.#whole.add(high, low);
    if (this.#shingle.add(high, low)) this.#noteShingle();
    // The shingles within an n-gram of the test set are the test set's too, so that most n-grams need not be looked up.
    if (this.#gram.add(high, low) && this.#shingleRun >= this.#shinglesOfGram) this.#noteGram();
  }

  end(): void {
    const { findings } = this;
    if (this.#count > 0) {
      if (isShort(this.#count, this.index.shingle)) this.#noteShingle();
      this.#endDocument();
      findings.documents++;
      findings.words += this.#count;
      for (const hash of [this.#whole, this.#gram, this.#shingle]) hash.reset();
      this.#count = this.#memberCount = this.#sharedShingles = this.#shingleRun = 0;
    }
    this.#place++;
  }

  #noteGram(): void {
    const gram = this.#grams.find(this.#gram.high, this.#gram.low);
    if (gram < 0 || this.#gramLast[gram] === this.#place) return;
    this.#gramLast[gram] = this.#place;
    const { gramDocuments, gramPlaces } = this.findings;
    gramDocuments[gram] = (gramDocuments[gram] ?? 0) + 1;
    gramPlaces[gram] = Math.min(gramPlaces[gram] ?? Infinity, this.#place);
  }

  #noteShingle(): void {
    const { high, low } = this.#shingle;
    if (this.#memberCount < LONGEST_COMPARED) this.#addMember(fold(high, low));
    const shingle = this.#shingles.find(high, low);
    this.#shingleRun = shingle < 0 ? 0 : this.#shingleRun + 1;
    if (shingle < 0 || this.#shingleLast[shingle] === this.#place) return;
    this.#shingleLast[shingle] = this.#place;
    this.#sharedShingles++;
  }

  #addMember(hash: number): void {
    if (this.#memberCount === this.#members.length) {
      const grown = new Uint32Array(2 * this.#members.length);
      grown.set(this.#members);
      this.#members = grown;
    }
    this.#members[this.#memberCount++] = hash;
  }

  #endDocument(): void {
    const { findings } = this;
    const whole = this.#wholes.find(...wholeKey(this.#whole, this.#count));
    if (whole >= 0) findings.wholePlaces[whole] = Math.min(findings.wholePlaces[whole] ?? Infinity, this.#place);
    if (this.#memberCount === LONGEST_COMPARED) {
      findings.tooLong++;
    } else if (this.#sharedShingles > 0) {
      this.#near.find(this.#members, this.#memberCount, this.#sharedShingles, this.#place, (example, similarity) => {
        if (this.index.wholeOf[example] !== whole) keepMoreSimilar(findings, example, similarity, this.#place);
      });
    }
  }
}

/** Candidates share a band with the document; each is verified by the similarity itself. */
class NearDuplicateFinder {
  readonly #buckets = new Map<number, number[]>();
  readonly #seeds: Uint32Array;
  readonly #numbers: Uint32Array;
  readonly #distinct = new DistinctNumbers();

  /** `shingleLast`: the last document in which each of the index's shingles stood. */
  constructor(private readonly index: TestIndex, private readonly threshold: number, private readonly shingleLast: Float64Array) {
    this.#seeds = permutationSeeds(index.banding, index.seed);
    this.#numbers = new Uint32Array(this.#seeds.length);
    index.bandKeys.forEach((key, at) => {
      const example = Math.floor(at / index.banding.bands);
      if (index.words[example] === 0) return;
      const bucket = this.#buckets.get(key);
      if (bucket === undefined) this.#buckets.set(key, [example]);
      else bucket.push(example);
    });
  }

  find(members: Uint32Array, count: number, sharedShingles: number, place: number, found: (example: number, similarity: number) => void): void {
    // A set more than 1/threshold times what it shares with all examples together is similar enough to none of them,
    // so that most documents need no signature.
    const most = Math.floor(sharedShingles / this.threshold + 1e-9);
    const distinct = this.#distinct.gather(members, count, most);
    if (distinct === undefined) return;
    signature(distinct, distinct.length, this.#seeds, this.#numbers);
    const candidates = new Set(bandKeys(this.#numbers, this.index.banding).flatMap((key) => this.#buckets.get(key) ?? []));
    for (const example of candidates) {
      const similarity = this.#similarity(example, distinct.length, place);
      if (similarity >= this.threshold - 1e-12) found(example, similarity);
    }
  }

  #similarity(example: number, size: number, place: number): number {
    const { starts, values } = this.index.shinglesOf;
    const shingles = values.subarray(starts[example], starts[example + 1]);
    let both = 0;
    for (const shingle of shingles) if (this.shingleLast[shingle] === place) both++;
    return both / (shingles.length + size - both);
  }
}

/** A set of 32-bit numbers that is given up when it grows too large. */
class DistinctNumbers {
  #slots = new Float64Array(0);
  #values = new Uint32Array(0);

  /** The different ones of the first `count` numbers, or `undefined` where they are more than `most`. */
  gather(numbers: Uint32Array, count: number, most: number): Uint32Array | undefined {
    const size = 2 ** Math.ceil(Math.log2(2 * Math.min(count, most) + 2));
    if (this.#slots.length < size) [this.#slots, this.#values] = [new Float64Array(size), new Uint32Array(size)];
    const slots = this.#slots.fill(-1, 0, size);
    let distinct = 0;
    for (let at = 0; at < count; at++) {
      const value = numbers[at] ?? 0;
      let slot = value & (size - 1);
      while (slots[slot] !== -1 && slots[slot] !== value) slot = (slot + 1) & (size - 1);
      if (slots[slot] === value) continue;
      if (distinct === most) return undefined;
      slots[slot] = value;
      this.#values[distinct++] = value;
    }
    return this.#values.subarray(0, distinct);
  }
}
