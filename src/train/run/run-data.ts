import { encodePairs, type EncodeOptions } from "../../data/encode.ts";
import { PairBatches } from "../../data/batches.ts";
import type { Example, Special } from "../../data/collate.ts";
import { DataError } from "../../data/data-error.ts";
import { writeFlushed } from "../../data/durable-files.ts";
import { readPairs, type Pair } from "../../data/source.ts";
import { splitPairs } from "../../data/split.ts";
import { Tokenizer } from "../../text/tokenizer.ts";
import type { BatchConfig, DataConfig, HeldOut, RunConfig } from "../config/config.ts";
import { readsReversed } from "../config/model.ts";
import { loadTokenizers, type Tokenizers } from "./open-run.ts";
import type { RunDirectory } from "./run-directory.ts";

/** A run's pairs by their use. */
export interface PairSplits {
  readonly train: readonly Pair[];
  readonly validation: readonly Pair[];
  readonly test: readonly Pair[];
}

/** Reads a run's pairs and holds out what its configuration says. */
export async function readSplits(data: DataConfig, seed: number): Promise<PairSplits> {
  const split = splitPairs(await readPairs(data), { validation: share(data.validation), test: share(data.test), seed });
  return {
    train: split.train,
    validation: await heldOut(data.validation, split.validation),
    test: await heldOut(data.test, split.test),
  };
}

function share(spec: HeldOut | undefined): number {
  if (spec === undefined || "kind" in spec) return 0;
  return "fraction" in spec ? spec.fraction : spec.count;
}

async function heldOut(spec: HeldOut | undefined, split: readonly Pair[]): Promise<readonly Pair[]> {
  return spec !== undefined && "kind" in spec ? readPairs(spec) : split;
}

/** The run's tokenizers: those it has, or new ones, learned from the training pairs and saved. */
export async function prepareTokenizers(directory: RunDirectory, config: RunConfig, pairs: readonly Pair[], isNew: boolean): Promise<Tokenizers> {
  if (!isNew) return loadTokenizers(directory, config);
  const tokenizers = await learnTokenizers(config, pairs);
  const { source, target } = tokenizers;
  if (source === target) {
    await writeFlushed(directory.tokenizerFile(), source.toJson());
  } else {
    await writeFlushed(directory.tokenizerFile("source"), source.toJson());
    await writeFlushed(directory.tokenizerFile("target"), target.toJson());
  }
  return tokenizers;
}

/** Tokenizers as a configuration asks for them, learned from pairs. */
export async function learnTokenizers({ tokenizer }: RunConfig, pairs: readonly Pair[]): Promise<Tokenizers> {
  const sources = pairs.map(({ source }) => source);
  const targets = pairs.map(({ target }) => target);
  if ("kind" in tokenizer) {
    const joint = await Tokenizer.train(tokenizer, [...sources, ...targets]);
    return { source: joint, target: joint };
  }
  return { source: await Tokenizer.train(tokenizer.source, sources), target: await Tokenizer.train(tokenizer.target, targets) };
}

function specialTokens({ source, target }: Tokenizers): { source: Special; target: Special } {
  const of = (tokenizer: Tokenizer): Special => ({ pad: tokenizer.padId, start: tokenizer.startId, end: tokenizer.endId });
  return { source: of(source), target: of(target) };
}

/** Encoded pairs, and a sentence on what was left out. */
export function encodeSplit(pairs: readonly Pair[], tokenizers: Tokenizers, limits: EncodeOptions, what: string): { examples: readonly Example[]; notice: string | undefined } {
  const { examples, dropped } = encodePairs(pairs, tokenizers.source, tokenizers.target, limits);
  const parts = [
    dropped.tooLong > 0 ? `${dropped.tooLong} longer than ${limits.maximumSourceLength} source or ${limits.maximumTargetLength} target tokens` : undefined,
    dropped.empty > 0 ? `${dropped.empty} with an empty side` : undefined,
  ].filter((part) => part !== undefined);
  if (examples.length === 0) {
    throw new DataError(`No ${what} pair is left of ${pairs.length}: ${parts.join(" and ") || "there were none"}. Raise data.maximumSourceLength and data.maximumTargetLength, or check the files.`);
  }
  return { examples, notice: parts.length === 0 ? undefined : `Left out of ${pairs.length} ${what} pairs: ${parts.join(", ")}.` };
}

export function makeBatches(
  examples: readonly Example[], tokenizers: Tokenizers, config: RunConfig, { shuffle, size = config.training.batch }: { shuffle: boolean; size?: BatchConfig },
): PairBatches {
  try {
    return new PairBatches(examples, {
      size: "tokens" in size ? { tokens: size.tokens } : { sentences: size.sentences },
      reverseSource: readsReversed(config.model),
      sourceEnd: true,
      special: specialTokens(tokenizers),
      seed: config.seed,
      shuffle,
    });
  } catch (error) {
    // A pair longer than training.batch.tokens: for whoever wrote the configuration, not for whoever wrote the program.
    throw error instanceof RangeError ? new DataError(error.message, { cause: error }) : error;
  }
}

