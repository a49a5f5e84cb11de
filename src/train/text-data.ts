import { holdOut, readCompletions } from "../data/completions/completions.ts";
import { encodeCompletions, type EncodedCompletion } from "../data/completions/encode-completions.ts";
import { DataError } from "../data/data-error.ts";
import { writeFlushed } from "../data/durable-files.ts";
import { readDocuments, type DocumentSource } from "../data/documents/document-source.ts";
import { encodeDocuments, type EncodedDocuments } from "../data/shards/encode-documents.ts";
import type { MixturePart } from "../data/shards/packed-batches.ts";
import { readIndex } from "../data/shards/shard-index.ts";
import { tokensInMemory, TokenShards, type TokenSource } from "../data/shards/token-shards.ts";
import { Tokenizer } from "../text/tokenizer.ts";
import type { TextRunConfig } from "./config/text.ts";
import type { RunDirectory } from "./run/run-directory.ts";

/** Text that is learned as it goes on. */
export interface RunningText {
  readonly kind: "running";
  readonly tokenizer: Tokenizer;
  readonly train: TokenSource | readonly MixturePart[];
  readonly validation: TokenSource | undefined;
  /** UTF-8 bytes of the text that is held out. */
  readonly validationBytes: () => number;
}

/** Prompts, which are read, with completions, which are learned. */
export interface CompletionText {
  readonly kind: "completions";
  readonly tokenizer: Tokenizer;
  readonly train: readonly EncodedCompletion[];
  readonly validation: readonly EncodedCompletion[];
}

/** What a language model learns from, and what it is judged on. */
export type TextData = RunningText | CompletionText;

/** A tokenizer that is there already, and whose it is. */
export interface KnownTokenizer {
  readonly tokenizer: Tokenizer;
  readonly owner: string;
}

/** Opens a run's text. A new run gets its tokenizer file, of `known` where that is given; another must still have the one it began with. */
export async function openRunText(config: TextRunConfig, directory: RunDirectory, isNew: boolean, known?: KnownTokenizer): Promise<TextData> {
  if (!isNew) return openTextData(config, { tokenizer: await Tokenizer.load(directory.tokenizerFile()), owner: "the run itself, when it began" });
  const data = await openTextData(config, known);
  await writeFlushed(directory.tokenizerFile(), data.tokenizer.toJson());
  return data;
}

/** Opens text. What is not yet tokens is cut with the known tokenizer, or one that is learned from it; shards must have the known one. */
export async function openTextData({ data, tokenizer: spec }: TextRunConfig, known?: KnownTokenizer): Promise<TextData> {
  switch (data.kind) {
    case "shards":
      return requireTokenizer(known, await openShards([{ folder: data.folder, weight: 1 }]));
    case "mixture":
      return requireTokenizer(known, await openShards(data.parts));
    case "text":
    case "package": {
      const documents = await readText(data);
      const tokenizer = known?.tokenizer ?? await trainTokenizer(spec, documents);
      return { kind: "running", tokenizer, ...splitText(documents, tokenizer, data) };
    }
    case "completions": {
      const examples = await readCompletions(data.files, data);
      const tokenizer = known?.tokenizer ?? await trainTokenizer(spec, textsOf(examples));
      const { train, validation } = holdOut(examples, data.validation);
      return { kind: "completions", tokenizer, train: encodeCompletions(tokenizer, train), validation: encodeCompletions(tokenizer, validation) };
    }
    default:
      return data satisfies never;
  }
}

type UncutText = Extract<TextRunConfig["data"], { kind: "text" | "package" | "completions" }>;

/** The tokenizer that text is cut with, learned from it. */
export async function tokenizerOf(data: UncutText, spec: TextRunConfig["tokenizer"]): Promise<Tokenizer> {
  return trainTokenizer(spec, data.kind === "completions" ? textsOf(await readCompletions(data.files, data)) : await readText(data));
}

function textsOf(examples: readonly { readonly prompt: string; readonly completion: string }[]): string[] {
  return examples.flatMap(({ prompt, completion }) => [prompt, completion]);
}

async function readText(data: Extract<UncutText, { kind: "text" | "package" }>): Promise<string[]> {
  const sources: DocumentSource[] = data.kind === "package" ? [data] : data.files.map((file) => ({ kind: "text", file }));
  const documents: string[] = [];
  for await (const document of readDocuments(sources)) documents.push(document);
  if (documents.length === 0) throw new DataError("The data has no text; check the files.");
  return documents;
}

function splitText(
  documents: readonly string[], tokenizer: Tokenizer, { validation, tokens: most }: { validation: number; tokens?: number | undefined },
): Omit<RunningText, "kind" | "tokenizer"> {
  const encoded = encodeDocuments(tokenizer, documents);
  const tokens = Int32Array.from(encoded.tokens);
  const edge = Math.round(tokens.length * (1 - validation));
  if (most !== undefined && most > edge) throw new DataError(`data.tokens asks for ${most} tokens to learn from, but the text has ${edge} besides those held out; ask for fewer, or leave it out.`);
  const part = (from: number, to: number): TokenSource => tokensInMemory(tokens.slice(from, to), tokenizer.size, tokenizer.endId);
  return { train: part(0, most ?? edge), validation: part(edge, tokens.length), validationBytes: () => bytesFrom(edge, documents, encoded, tokenizer) };
}

/**
 * UTF-8 bytes of documents from a token on. Of the document in which that token is, as large a share as the tokens from there on
 * have of what all of its tokens spell, for an unknown token does not spell what it stands for.
 */
function bytesFrom(edge: number, documents: readonly string[], { tokens, lengths }: EncodedDocuments, tokenizer: Tokenizer): number {
  const spelled = (from: number, to: number): number => Buffer.byteLength(tokenizer.decode(tokens.subarray(from, to)));
  let [bytes, start] = [0, 0];
  for (const [at, document] of documents.entries()) {
    const end = start + (lengths[at] ?? 0);
    if (end > edge) bytes += Buffer.byteLength(document) * (start < edge ? spelled(edge, end) / spelled(start, end) : 1);
    start = end;
  }
  return Math.round(bytes);
}

function trainTokenizer(spec: TextRunConfig["tokenizer"], documents: readonly string[]): Promise<Tokenizer> {
  if (spec === undefined) throw new DataError("Text needs a tokenizer; none was configured.");
  return Tokenizer.train(spec, documents);
}

async function openShards(parts: readonly { readonly folder: string; readonly weight: number }[]): Promise<RunningText> {
  const opened = await Promise.all(parts.map(async ({ folder, weight }) => ({ source: await TokenShards.open(folder), weight })));
  const [first] = opened;
  if (first === undefined) throw new DataError("A mixture has no parts; give at least one folder.");
  const other = opened.find(({ source }) => source.tokenizer.toJson() !== first.source.tokenizer.toJson());
  if (other !== undefined) throw new DataError(`${other.source.folder} was made with another tokenizer than ${first.source.folder}; make both with one.`);
  const held = (await readIndex(first.source.folder))?.validation ?? [];
  const validation = held.length === 0 ? undefined : await TokenShards.open(first.source.folder, "validation");
  return { kind: "running", tokenizer: first.source.tokenizer, train: opened, validation, validationBytes: () => validation?.bytes ?? 0 };
}

function requireTokenizer(known: KnownTokenizer | undefined, data: RunningText): RunningText {
  if (known === undefined || known.tokenizer.toJson() === data.tokenizer.toJson()) return data;
  throw new DataError(`The data has another tokenizer than ${known.owner}; take data that was cut with that one, or begin a run of its own.`);
}
