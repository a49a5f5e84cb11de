import type { PromptReading, TextGenerationOptions } from "./generation-options.ts";
import { scoreNext, type RowScores } from "./next-token.ts";
import type { NewTokens, RememberedPrefixes, TokenMemory, TokenScorer } from "./token-scorer.ts";

type Prompt = readonly number[];
type Scores = (row: number) => RowScores;

export interface ReadPrompts {
  /** One row a prompt. */
  readonly memory: TokenMemory;
  /** Of what follows each. */
  readonly scores: Scores;
  readonly readings: readonly PromptReading[];
}

/** Prompts that are read together, by their places in a list. */
interface Group {
  readonly places: readonly number[];
  readonly memory: TokenMemory;
  readonly scores: Scores;
  readonly reading: (prompt: Prompt) => PromptReading;
}

/** Reads prompts, which have at least one token each, from where memories of earlier texts end. */
export async function readPrompts(scorer: TokenScorer, prompts: readonly Prompt[], capacity: number, options: TextGenerationOptions): Promise<ReadPrompts> {
  const { prefixes } = scorer;
  if (prefixes === undefined) {
    const memory = scorer.remember(prompts.length, capacity);
    const scores = await scoreNext(scorer, memory, fillUp(prompts), options);
    return { memory, scores, readings: prompts.map(({ length }) => ({ read: length, scored: 1 })) };
  }
  const reader = new PromptReader(scorer, prefixes, capacity, options);
  const groups: Group[] = [];
  const { known, others } = sorted(prompts, prefixes);
  if (others.length > 0) groups.push({ places: others, ...await reader.fromBeginning(others.map((place) => prompts[place] ?? [])) });
  for (const { missing, places } of known) {
    if (places.length > missing) groups.push({ places, ...await reader.tokenByToken(places.map((place) => prompts[place] ?? []), missing) });
    else for (const place of places) groups.push({ places: [place], ...await reader.atOnce(prompts[place] ?? [], missing) });
  }
  const joined = inOrder(prompts, groups, prefixes);
  for (const [place, prompt] of prompts.entries()) prefixes.retain(prompt, joined.memory, place);
  return joined;
}

/** Right of shorter texts stand tokens that are not meant. */
export function fillUp(texts: readonly Prompt[]): NewTokens {
  const time = Math.max(...texts.map(({ length }) => length));
  const tokens = new Int32Array(texts.length * time);
  texts.forEach((text, row) => tokens.set(text, row * time));
  return { tokens, counts: Int32Array.from(texts, ({ length }) => length) };
}

/** About how many tokens more are read in the time that one more run of a model takes. */
const TOKENS_OF_A_RUN = 16;

/**
 * Places of prompts of which at least half is remembered, by how many of their tokens are missing, and those of all others.
 * These are read together from the beginning, as are prompts whose missing tokens would take many runs for what that saves.
 */
function sorted(prompts: readonly Prompt[], prefixes: RememberedPrefixes): { known: { missing: number; places: readonly number[] }[]; others: readonly number[] } {
  const [groups, others] = [new Map<number, number[]>(), new Array<number>()];
  for (const [place, prompt] of prompts.entries()) {
    const missing = prompt.length - prefixes.count(prompt);
    if (2 * missing > prompt.length) others.push(place);
    else groups.set(missing, [...groups.get(missing) ?? [], place]);
  }
  const known = [];
  for (const [missing, places] of groups) {
    const saved = places.reduce((sum, place) => sum + (prompts[place]?.length ?? 0) - missing, 0);
    if (saved < TOKENS_OF_A_RUN * (Math.min(missing, places.length) - 1)) others.push(...places);
    else known.push({ missing, places });
  }
  return { known, others };
}

class PromptReader {
  constructor(
    private readonly scorer: TokenScorer, private readonly prefixes: RememberedPrefixes, private readonly capacity: number,
    private readonly options: TextGenerationOptions,
  ) {}

  async fromBeginning(prompts: readonly Prompt[]): Promise<Omit<Group, "places">> {
    const memory = this.scorer.remember(prompts.length, this.capacity);
    // A memory that takes nothing back serves the same prompt again only from before its last token.
    if (this.scorer.rewinds || prompts.some(({ length }) => length === 1)) {
      const scores = await scoreNext(this.scorer, memory, fillUp(prompts), this.options);
      return { memory, scores, reading: ({ length }) => ({ read: length, scored: 1 }) };
    }
    await scoreNext(this.scorer, memory, fillUp(prompts.map((prompt) => prompt.slice(0, -1))), this.options);
    for (const [row, prompt] of prompts.entries()) this.prefixes.retain(prompt, memory, row);
    const scores = await scoreNext(this.scorer, memory, { tokens: Int32Array.from(prompts, (prompt) => prompt.at(-1) ?? 0) }, this.options);
    return { memory, scores, reading: ({ length }) => ({ read: length, scored: 2 }) };
  }

  /** Of rows that remember something, each reads one token at a time. */
  async tokenByToken(prompts: readonly Prompt[], missing: number): Promise<Omit<Group, "places">> {
    const memory = this.#recalled(prompts, missing);
    const tokens = (left: number): NewTokens => ({ tokens: Int32Array.from(prompts, (prompt) => prompt.at(-left) ?? 0) });
    for (let left = missing; left > 1; left--) await scoreNext(this.scorer, memory, tokens(left), this.options);
    return { memory, scores: await scoreNext(this.scorer, memory, tokens(1), this.options), reading: () => ({ read: missing, scored: missing }) };
  }

  /** A row alone reads several tokens after what it remembers. */
  async atOnce(prompt: Prompt, missing: number): Promise<Omit<Group, "places">> {
    const memory = this.#recalled([prompt], missing);
    const scores = await scoreNext(this.scorer, memory, { tokens: Int32Array.from(prompt.slice(-missing)) }, this.options);
    return { memory, scores, reading: () => ({ read: missing, scored: 1 }) };
  }

  #recalled(prompts: readonly Prompt[], missing: number): TokenMemory {
    const memory = this.scorer.remember(prompts.length, this.capacity);
    for (const [row, prompt] of prompts.entries()) this.prefixes.recall(prompt, prompt.length - missing, memory, row);
    return memory;
  }
}

/** Brings what groups have read into the order of the prompts. */
function inOrder(prompts: readonly Prompt[], groups: readonly Group[], prefixes: RememberedPrefixes): ReadPrompts {
  const rows = groups.flatMap(({ places, scores, reading }) => places.map((place, row) => ({ place, scores: () => scores(row), reading })));
  const order = prompts.map((_, place) => rows.findIndex((row) => row.place === place));
  const memories = groups.map(({ memory }) => memory);
  const [memory, ...more] = memories;
  if (memory === undefined) throw new Error("No prompts were given to be read; give at least one.");
  const whole = more.length === 0 ? memory : prefixes.join(memories);
  return {
    memory: order.every((row, place) => row === place) ? whole : whole.keep(order),
    scores: (place) => rows[order[place] ?? 0]?.scores() ?? failUnread(place),
    readings: prompts.map((prompt, place) => rows[order[place] ?? 0]?.reading(prompt) ?? failUnread(place)),
  };
}

function failUnread(place: number): never {
  throw new Error(`Prompt ${place + 1} was not read.`);
}
