/** How well a language model predicts a text. */
import { evaluationBatches } from "../data/shards/evaluation-batches.ts";
import type { TokenSource } from "../data/shards/token-shards.ts";
import { tokensInMemory } from "../data/shards/token-shards.ts";
import { DataError } from "../data/data-error.ts";
import { storeParameters } from "../decode/store-parameters.ts";
import type { TextModel } from "../decode/language/generator.ts";
import { bitsPerUnit, perplexity } from "../metrics/perplexity.ts";
import type { Engine } from "../engines/engine.ts";
import { textBatch, textTask } from "./text-task.ts";

export interface LanguageQuality {
  /** Nats a token. */
  readonly loss: number;
  readonly perplexity: number;
  /** Bits a byte of the text as UTF-8, which compares models of different vocabularies. */
  readonly bitsPerByte: number;
  readonly tokens: number;
}

export interface LanguageEvaluateOptions {
  /** Stretches that are read at once; 16 by default. */
  readonly batch?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Tokens that a model without a bound reads at a time. */
const RECURRENT_WINDOW = 256;

/**
 * Loss, perplexity and bits per byte of a text. Every token counts once; a model with a context reads stretches of that
 * length that know nothing of each other, others read the text from beginning to end.
 *
 * @throws DataError where the text has no token
 */
export async function evaluateLanguageModel(source: TextModel, text: string, engine: Engine, options: LanguageEvaluateOptions = {}): Promise<LanguageQuality> {
  const { tokenizer, beginning = [], ends = [] } = source;
  const tokens = tokenizer.encode(text);
  if (tokens.length === 0) throw new DataError("The text has no token; give one that is not empty.");
  const first = beginning.at(-1) ?? ends[0] ?? 0;
  return evaluateTokens(source, tokensInMemory(tokens, source.model.vocabulary, first), Buffer.byteLength(text), engine, options);
}

/** The same of tokens that stand for so many bytes of text. */
export async function evaluateTokens(
  { model, parameters }: TextModel, source: TokenSource, bytes: number, engine: Engine, { batch = 16, onProgress }: LanguageEvaluateOptions = {},
): Promise<LanguageQuality> {
  const recurrent = model.context === undefined;
  const carriedRows = recurrent ? 1 : undefined;
  const state = engine.createState();
  storeParameters(state, model, parameters);
  const window = model.context ?? RECURRENT_WINDOW;
  const task = textTask(model, { labelSmoothing: 0, zLoss: 0, window, carriedRows, separateDocuments: false });
  const program = await engine.compile(task.validationSignature, (feeds) => {
    const { negativeLogLikelihoods, updates = [] } = task.validationLoss(feeds);
    return { negativeLogLikelihoods, updates };
  }, { state });
  try {
    let [total, done] = [0, 0];
    for (const packed of evaluationBatches(source, { batch: carriedRows ?? batch, context: window, carried: recurrent })) {
      const { feeds, targetTokens } = textBatch(packed, { carriedRows });
      const { negativeLogLikelihoods } = await program.run(feeds);
      for (const nats of negativeLogLikelihoods?.data ?? []) total += nats;
      onProgress?.(done += targetTokens, source.tokens);
    }
    const { tokens } = source;
    return { loss: total / tokens, perplexity: perplexity(total, tokens), bitsPerByte: bitsPerUnit(total, bytes), tokens };
  } finally {
    await program.dispose();
  }
}
