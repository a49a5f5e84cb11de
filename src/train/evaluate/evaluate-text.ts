/** How well a language model predicts a text. */
import { DataError } from "../../data/data-error.ts";
import type { EncodedCompletion } from "../../data/completions/encode-completions.ts";
import { EvaluationBatches } from "../../data/shards/evaluation-batches.ts";
import type { TextBatches } from "../../data/shards/text-batch.ts";
import { tokensInMemory, type TokenSource } from "../../data/shards/token-shards.ts";
import { storeParameters } from "../../decode/store-parameters.ts";
import type { TextModel } from "../../decode/language/generator.ts";
import { bitsPerUnit, perplexity } from "../../metrics/perplexity.ts";
import type { Engine } from "../../engines/engine.ts";
import { completionReading, fittingCompletions } from "../completion-reading.ts";
import { RunDirectory } from "../run/run-directory.ts";
import { openRunText } from "../text-data.ts";
import { textBatch, textTask, type TextReading } from "../text-task.ts";

export interface LanguageQuality {
  /** Nats a token. */
  readonly loss: number;
  readonly perplexity: number;
  /** Bits a byte of the text as UTF-8, which compares models of different vocabularies. */
  readonly bitsPerByte: number;
  /** Tokens that were judged. */
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
  source: TextModel, text: TokenSource, bytes: number, engine: Engine, options: LanguageEvaluateOptions = {},
): Promise<LanguageQuality> {
  const { context } = source.model;
  const recurrent = context === undefined;
  const carriedRows = recurrent ? 1 : undefined;
  const window = context ?? RECURRENT_WINDOW;
  const batches = new EvaluationBatches(text, { batch: carriedRows ?? options.batch ?? 16, context: window, carried: recurrent });
  return evaluateBatches(source, batches, { tokens: text.tokens, bytes }, { window, carriedRows, separateDocuments: false }, engine, options);
}

/** The same of completions, each after its own prompt. Prompts are not judged; `bytes` are the completions'. */
async function evaluateCompletions(
  source: TextModel, examples: readonly EncodedCompletion[], window: number, endOfDocument: number, engine: Engine, options: LanguageEvaluateOptions,
): Promise<LanguageQuality> {
  const { batches, reading } = completionReading(examples, { recurrent: source.model.context === undefined, window, batch: options.batch ?? 16, endOfDocument });
  const [tokens, bytes] = examples.reduce(([t, b], example) => [t + example.tokens.length - example.from, b + example.bytes], [0, 0]);
  return evaluateBatches(source, batches, { tokens, bytes }, reading, engine, options);
}

/**
 * How well a run's model predicts what the run held out: text, or completions.
 *
 * @throws DataError where it holds nothing out
 */
export async function evaluateHeldOut(path: string, source: TextModel, engine: Engine, options: LanguageEvaluateOptions = {}): Promise<LanguageQuality> {
  const directory = await RunDirectory.open(path);
  const config = await directory.readTextConfig();
  const data = await openRunText(config, directory, false);
  if (data.kind === "completions") {
    const { examples, window } = fittingCompletions(data.validation, config, "held-out");
    return evaluateCompletions(source, examples, window, data.tokenizer.endId, engine, options);
  }
  if (data.validation === undefined) throw new DataError(`The run ${path} holds no text out; give one with --text FILE.`);
  return evaluateTokens(source, data.validation, data.validationBytes(), engine, options);
}

async function evaluateBatches(
  { model, parameters }: TextModel, batches: TextBatches, { tokens, bytes }: { readonly tokens: number; readonly bytes: number },
  reading: TextReading, engine: Engine, { onProgress }: LanguageEvaluateOptions,
): Promise<LanguageQuality> {
  const state = engine.createState();
  storeParameters(state, model, parameters);
  const task = textTask(model, { labelSmoothing: 0, zLoss: 0, ...reading });
  const program = await engine.compile(task.validationSignature, (feeds) => {
    const { negativeLogLikelihoods, updates = [] } = task.validationLoss(feeds);
    return { negativeLogLikelihoods, updates };
  }, { state });
  try {
    let [total, done] = [0, 0];
    for (let index = 0; index < batches.batchesInEpoch(0); index++) {
      const { feeds, targetTokens } = textBatch(batches.batch(0, index), reading);
      const { negativeLogLikelihoods } = await program.run(feeds);
      for (const nats of negativeLogLikelihoods?.data ?? []) total += nats;
      onProgress?.(done += targetTokens, tokens);
    }
    return { loss: total / tokens, perplexity: perplexity(total, tokens), bitsPerByte: bitsPerUnit(total, bytes), tokens };
  } finally {
    await program.dispose();
  }
}
