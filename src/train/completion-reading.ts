/** How a run goes through prompts with completions. */
import { CompletionBatches } from "../data/completions/completion-batches.ts";
import { placesOf, type EncodedCompletion } from "../data/completions/encode-completions.ts";
import { DataError } from "../data/data-error.ts";
import type { TextRunConfig } from "./config/text.ts";
import type { TextReading } from "./text-task.ts";

/** Examples that fit into a row. */
export interface FittingCompletions {
  readonly examples: readonly EncodedCompletion[];
  /** Places of a row. */
  readonly window: number;
  /** A sentence on what is left out. */
  readonly notice: string | undefined;
}

/**
 * The examples that fit into a row, which is as long as the configuration says, a GPT's context, or for a recurrent model the
 * longest example.
 *
 * @param what they are, for messages
 * @throws DataError where none fits
 */
export function fittingCompletions(examples: readonly EncodedCompletion[], { model, training }: TextRunConfig, what: string): FittingCompletions {
  const longest = examples.reduce((most, example) => Math.max(most, placesOf(example)), 0);
  const window = training.window ?? (model.kind === "gpt" ? model.context : longest);
  const fitting = examples.filter((example) => placesOf(example) <= window);
  if (fitting.length === examples.length) return { examples, window, notice: undefined };
  const limit = `${window} tokens of a row (training.window${model.kind === "gpt" ? ", or model.context" : ""})`;
  if (fitting.length === 0) throw new DataError(`All ${examples.length} ${what} examples are longer than the ${limit}: the longest has ${longest}. Make rows longer, or examples shorter.`);
  const left = examples.length - fitting.length;
  return { examples: fitting, window, notice: `Left out of ${examples.length} ${what} examples: ${left}, longer than the ${limit}; the longest has ${longest}.` };
}

export interface CompletionReadingOptions {
  /** Whether the model carries a state, so that what one row holds is read as one text. */
  readonly recurrent: boolean;
  readonly window: number;
  /** Rows of a batch. */
  readonly batch: number;
  readonly endOfDocument: number;
  /** Of the epochs' orders; without it they are all in the order of the examples. */
  readonly seed?: number;
}

/** Batches of examples, and how they are read. */
export function completionReading(examples: readonly EncodedCompletion[], { recurrent, window, ...options }: CompletionReadingOptions): {
  batches: CompletionBatches; reading: TextReading;
} {
  return {
    batches: new CompletionBatches(examples, { ...options, context: window, packed: !recurrent }),
    reading: { window: recurrent ? "time" : window, carriedRows: undefined, separateDocuments: !recurrent },
  };
}
