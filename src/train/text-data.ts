import { writeFile } from "node:fs/promises";
import { DataError } from "../data/data-error.ts";
import { readDocuments, type DocumentSource } from "../data/documents/document-source.ts";
import { encodeDocuments } from "../data/shards/encode-documents.ts";
import type { MixturePart } from "../data/shards/packed-batches.ts";
import { readIndex } from "../data/shards/shard-index.ts";
import { tokensInMemory, TokenShards, type TokenSource } from "../data/shards/token-shards.ts";
import { Tokenizer } from "../text/tokenizer.ts";
import type { TextRunConfig } from "./config-text.ts";
import { RunDirectory } from "./run-directory.ts";

/** What a language model learns from, and what it is judged on. */
export interface TextData {
  readonly tokenizer: Tokenizer;
  readonly train: TokenSource | readonly MixturePart[];
  readonly validation: TokenSource | undefined;
}

/** Opens a run's text. A new run gets its tokenizer file; another must still have the one it began with. */
export async function openRunText(config: TextRunConfig, directory: RunDirectory, isNew: boolean): Promise<TextData> {
  if (!isNew) return openTextData(config, await Tokenizer.load(directory.tokenizerFile()));
  const data = await openTextData(config);
  await writeFile(directory.tokenizerFile(), data.tokenizer.toJson());
  return data;
}

/** Opens text. Plain text is cut with the known tokenizer, or one that is learned from it; shards must have the known one. */
export async function openTextData({ data, tokenizer: spec }: TextRunConfig, known?: Tokenizer): Promise<TextData> {
  switch (data.kind) {
    case "shards":
      return requireTokenizer(known, await openShards([{ folder: data.folder, weight: 1 }]));
    case "mixture":
      return requireTokenizer(known, await openShards(data.parts));
    case "text":
    case "package": {
      const documents = await readText(data);
      const tokenizer = known ?? await trainTokenizer(spec, documents);
      return { tokenizer, ...splitText(documents, tokenizer, data.validation) };
    }
    default:
      return data satisfies never;
  }
}

type PlainText = Extract<TextRunConfig["data"], { kind: "text" | "package" }>;

/** The tokenizer that plain text is cut with, learned from it. */
export async function tokenizerOf(data: PlainText, spec: TextRunConfig["tokenizer"]): Promise<Tokenizer> {
  return trainTokenizer(spec, await readText(data));
}

async function readText(data: PlainText): Promise<string[]> {
  const sources: DocumentSource[] = data.kind === "package" ? [data] : data.files.map((file) => ({ kind: "text", file }));
  const documents: string[] = [];
  for await (const document of readDocuments(sources)) documents.push(document);
  if (documents.length === 0) throw new DataError("The data has no text; check the files.");
  return documents;
}

/** What a run holds out, and how many bytes of UTF-8 it stands for. @throws DataError where it holds nothing out */
export async function heldOutText(path: string): Promise<{ tokens: TokenSource; bytes: number }> {
  const directory = await RunDirectory.open(path);
  const { validation, tokenizer } = await openRunText(await directory.readTextConfig(), directory, false);
  if (validation === undefined) throw new DataError(`The run ${path} holds no text out; give one with --text FILE.`);
  if (validation instanceof TokenShards) return { tokens: validation, bytes: validation.bytes };
  const tokens = new Int32Array(validation.tokens);
  validation.read(0, tokens);
  return { tokens: validation, bytes: Buffer.byteLength(tokenizer.decode(tokens)) };
}

function splitText(documents: readonly string[], tokenizer: Tokenizer, share: number): Pick<TextData, "train" | "validation"> {
  const tokens = Int32Array.from(encodeDocuments(tokenizer, documents).tokens);
  const edge = Math.round(tokens.length * (1 - share));
  const part = (from: number, to: number): TokenSource => tokensInMemory(tokens.slice(from, to), tokenizer.size, tokenizer.endId);
  return { train: part(0, edge), validation: part(edge, tokens.length) };
}

function trainTokenizer(spec: TextRunConfig["tokenizer"], documents: readonly string[]): Promise<Tokenizer> {
  if (spec === undefined) throw new DataError("Plain text needs a tokenizer; none was configured.");
  return Tokenizer.train(spec, documents);
}

async function openShards(parts: readonly { readonly folder: string; readonly weight: number }[]): Promise<TextData> {
  const opened = await Promise.all(parts.map(async ({ folder, weight }) => ({ source: await TokenShards.open(folder), weight })));
  const [first] = opened;
  if (first === undefined) throw new DataError("A mixture has no parts; give at least one folder.");
  const other = opened.find(({ source }) => source.tokenizer.toJson() !== first.source.tokenizer.toJson());
  if (other !== undefined) throw new DataError(`${other.source.folder} was made with another tokenizer than ${first.source.folder}; make both with one.`);
  const held = (await readIndex(first.source.folder))?.validation ?? [];
  const validation = held.length === 0 ? undefined : await TokenShards.open(first.source.folder, "validation");
  return { tokenizer: first.source.tokenizer, train: opened, validation };
}

function requireTokenizer(known: Tokenizer | undefined, data: TextData): TextData {
  if (known === undefined || known.toJson() === data.tokenizer.toJson()) return data;
  throw new DataError("The data has another tokenizer than the one with which the run began; restore the data, or train under another name.");
}
