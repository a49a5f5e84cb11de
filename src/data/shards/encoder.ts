import { Worker } from "node:worker_threads";
import type { Tokenizer } from "../../text/index.ts";
import { encodeDocuments, type EncodedDocuments } from "./encode-documents.ts";
import type { EncodeAnswer, EncodeStart, EncodeTask } from "./encode-worker.ts";

/** Turns documents into tokens; calls may overlap. */
export interface Encoder {
  /** How many calls it takes to keep it busy. */
  readonly capacity: number;
  encode(texts: readonly string[]): Promise<EncodedDocuments>;
  close(): Promise<void>;
}

/** Encodes on so many threads: this one, or others. */
export function startEncoder(tokenizer: Tokenizer, threads: number): Encoder {
  if (threads > 1) return new EncoderPool({ json: tokenizer.toJson(), end: tokenizer.endId }, threads);
  return { capacity: 1, encode: async (texts) => encodeDocuments(tokenizer, texts), close: async () => undefined };
}

interface Waiting {
  readonly resolve: (encoded: EncodedDocuments) => void;
  readonly reject: (error: unknown) => void;
}

class EncoderPool implements Encoder {
  readonly capacity: number;
  readonly #workers: readonly Worker[];
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #failure: Error | undefined;

  constructor(start: EncodeStart, threads: number) {
    this.capacity = 2 * threads;
    this.#workers = Array.from({ length: threads }, () => startWorker(start));
    for (const worker of this.#workers) {
      worker.on("message", ({ id, ...encoded }: EncodeAnswer) => {
        this.#waiting.get(id)?.resolve(encoded);
        this.#waiting.delete(id);
      });
      worker.on("error", (error) => {
        this.#failure = error;
        for (const { reject } of this.#waiting.values()) reject(error);
        this.#waiting.clear();
      });
    }
  }

  async encode(texts: readonly string[]): Promise<EncodedDocuments> {
    if (this.#failure !== undefined) throw this.#failure;
    const id = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#workers[id % this.#workers.length]?.postMessage({ id, texts } satisfies EncodeTask);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

function startWorker(workerData: EncodeStart): Worker {
  // Beside this file: compiled where this is, or in TypeScript, which a thread reads through jiti.
  const typescript = import.meta.url.endsWith(".ts");
  return new Worker(new URL(typescript ? "./encode-worker.ts" : "./encode-worker.js", import.meta.url), {
    workerData,
    execArgv: typescript ? ["--import", "jiti/register"] : [],
  });
}
