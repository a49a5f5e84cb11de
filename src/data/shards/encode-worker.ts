/** A thread that encodes documents: it is given `{ id, texts }` and answers `{ id, tokens, lengths }`. */
import { parentPort, workerData } from "node:worker_threads";
import { Tokenizer } from "../../text/tokenizer.ts";
import { encodeDocuments, type EncodedDocuments } from "./encode-documents.ts";

export interface EncodeStart {
  /** The tokenizer.json. */
  readonly json: string;
  /** The token that follows each document. */
  readonly end: number;
}

export interface EncodeTask {
  readonly id: number;
  readonly texts: readonly string[];
}

export interface EncodeAnswer extends EncodedDocuments {
  readonly id: number;
}

const { json, end } = workerData as EncodeStart;
const tokenizer = Tokenizer.parse(json, { end });
const port = parentPort;
port?.on("message", ({ id, texts }: EncodeTask) => {
  const { tokens, lengths } = encodeDocuments(tokenizer, texts);
  port.postMessage({ id, tokens, lengths } satisfies EncodeAnswer, [tokens.buffer, lengths.buffer]);
});
