import { setImmediate as otherWork } from "node:timers/promises";
import { DataError } from "../../data/data-error.ts";
import { resumedUnder } from "../../train/config/difference.ts";
import type { PhraseRunConfig } from "../../train/config/phrase.ts";
import { MetricsLog } from "../../train/run/metrics-log.ts";
import { readSplits } from "../../train/run/run-data.ts";
import { RunDirectory } from "../../train/run/run-directory.ts";
import { alignCorpus, type AlignmentIteration } from "../alignment/align-corpus.ts";
import { trainNgramModel } from "../language/kneser-ney.ts";
import type { NgramModel } from "../language/ngram-model.ts";
import { INITIAL_WEIGHTS, weightsOf } from "../search/features.ts";
import { buildPhraseTable } from "../table/build-table.ts";
import type { PhraseTable } from "../table/phrase-table.ts";
import { tuneWeights, type TuningIteration, type TuningSentence } from "../tuning/tune.ts";
import type { Pair } from "../../data/source.ts";
import { sentencePairs, type SentencePairs } from "../words/sentence-pairs.ts";
import { splitIntoWords } from "../words/split-words.ts";
import { exists, readLanguageModel, readTable, writeLanguageModel, writeTable, writeWeights } from "./phrase-run.ts";

/** Fields that a phrase table and a language model are made by. */
const KEPT = /^(tokenizer|seed|model\.(symmetrisation|phraseLength|languageModelOrder)|training\.alignment)(\.|$)/;

/** What the training of a phrase-based translator tells whoever watches it. */
export type PhraseTrainEvent =
  | { readonly kind: "notice"; readonly message: string }
  | { readonly kind: "started"; readonly directory: string; readonly pairs: number; readonly validation: number }
  | { readonly kind: "alignment"; readonly iteration: AlignmentIteration }
  | { readonly kind: "table"; readonly pairs: number }
  | { readonly kind: "languageModel"; readonly counts: readonly number[] }
  | { readonly kind: "tuning"; readonly iteration: TuningIteration };

export interface PhraseTrainOptions {
  /**
   * Goes on with a run: a phrase table and a language model that are there stay, so that what they were made by may not have
   * changed, and the weights are tuned anew.
   */
  readonly resume?: boolean;
  /** Replaces a run of the same name. */
  readonly overwrite?: boolean;
  /** Aborting it ends the training at the next iteration; files that are whole stay. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: PhraseTrainEvent) => void;
}

export interface TrainedPhraseRun {
  /** The run's folder. */
  readonly directory: string;
  readonly reason: "finished" | "interrupted";
  readonly phrasePairs: number;
  /** Of the validation sentences under the tuned weights, 0 to 100; absent where tuning has not come to its end. */
  readonly validationBleu?: number;
}

/**
 * Trains a phrase-based translator: aligns words, gathers phrases and n-grams, and tunes weights on the validation pairs.
 *
 * @throws RunDirectoryError as `RunDirectory.create` does, DataError where no pair is left, ConfigError where a run cannot go on
 *   under the configuration
 */
export async function trainPhraseBased(config: PhraseRunConfig, options: PhraseTrainOptions = {}): Promise<TrainedPhraseRun> {
  const { resume = false, overwrite = false } = options;
  const directory = await RunDirectory.create(config, { resume, overwrite });
  return directory.during(async () => {
    if (await exists(directory.phraseTableFile)) {
      const change = resumedUnder(await directory.readPhraseConfig(), config, KEPT);
      if (change !== undefined) options.onEvent?.({ kind: "notice", message: change });
    }
    await directory.writeConfig(config);
    const done = await loggedAlignment(directory);
    const log = await MetricsLog.open(directory.metricsFile, { resumeAt: done });
    try {
      return await new PhraseTraining(config, directory, log, options, done).run();
    } catch (error) {
      if (error instanceof Aborted) return { directory: directory.path, reason: "interrupted", phrasePairs: error.phrasePairs };
      throw error;
    } finally {
      await log.close();
    }
  });
}

/** Records of an alignment that need not be repeated. */
async function loggedAlignment({ metricsFile, phraseTableFile }: RunDirectory): Promise<number> {
  if (!(await exists(phraseTableFile))) return 0;
  return (await MetricsLog.read(metricsFile)).filter(({ stage }) => stage === "alignment").length;
}

/** The user has asked to stop. */
class Aborted extends Error {
  constructor(readonly phrasePairs: number) {
    super("The training was stopped.");
  }
}

class PhraseTraining {
  #step: number;
  #phrasePairs = 0;

  constructor(
    readonly config: PhraseRunConfig, readonly directory: RunDirectory, readonly log: MetricsLog, readonly options: PhraseTrainOptions, logged: number,
  ) {
    this.#step = logged;
  }

  async run(): Promise<TrainedPhraseRun> {
    const { train, validation } = await readSplits(this.config.data, this.config.seed);
    const { sentences, leftOut } = sentencePairs(train, this.config.data, this.config.tokenizer);
    if (sentences.source.length === 0) {
      throw new DataError(`No training pair is left of ${train.length}: ${leftOut.empty} have an empty side and ${leftOut.tooLong} are longer than the limits. `
        + "Raise data.maximumSourceLength and data.maximumTargetLength, or check the files.");
    }
    this.#tell({ kind: "started", directory: this.directory.path, pairs: sentences.source.length, validation: validation.length });
    if (leftOut.empty + leftOut.tooLong > 0) {
      this.#tell({ kind: "notice", message: `Left out of ${train.length} training pairs: ${leftOut.empty} with an empty side, ${leftOut.tooLong} longer than the limits.` });
    }
    const table = await this.#table(sentences);
    const language = await this.#languageModel(sentences);
    const { bleu, weights } = await this.#tune(validation, table, language);
    await writeWeights(this.directory, weights, bleu);
    return { directory: this.directory.path, reason: "finished", phrasePairs: table.size, validationBleu: bleu };
  }

  /** The phrase table, as its file has it: made now, or by a training that was stopped later. */
  async #table(sentences: SentencePairs): Promise<PhraseTable> {
    if (!(await exists(this.directory.phraseTableFile))) {
      const { model, training } = this.config;
      const alignments = await alignCorpus(sentences, { ...training.alignment, symmetrisation: model.symmetrisation }, async (iteration) => {
        await this.#log({ stage: "alignment", ...iteration });
        this.#tell({ kind: "alignment", iteration });
        await this.#pause();
      });
      await writeTable(this.directory, buildPhraseTable(sentences, alignments, model.phraseLength));
    }
    const table = await readTable(this.directory);
    this.#phrasePairs = table.size;
    this.#tell({ kind: "table", pairs: table.size });
    await this.#pause();
    return table;
  }

  async #languageModel({ target, targetWords }: SentencePairs): Promise<NgramModel> {
    if (!(await exists(this.directory.languageModelFile))) {
      const texts = target.map((sentence) => Array.from(sentence, (word) => targetWords.word(word)));
      await writeLanguageModel(this.directory, trainNgramModel(texts, this.config.model.languageModelOrder));
    }
    const language = await readLanguageModel(this.directory);
    this.#tell({ kind: "languageModel", counts: language.counts });
    await this.#pause();
    return language;
  }

  async #tune(pairs: readonly Pair[], table: PhraseTable, language: NgramModel): Promise<TuningIteration> {
    const { model, training, tokenizer, seed } = this.config;
    const sentences = pairs
      .map(({ source, target }): TuningSentence => ({ words: splitIntoWords(source, tokenizer), reference: target }))
      .filter(({ words, reference }) => words.length > 0 && reference.trim() !== "");
    if (sentences.length === 0) throw new DataError("No validation pair has words on both sides, but the weights are tuned on them; check data.validation.");
    const settings = { ...training.tuning, seed, bleu: { lowercase: tokenizer.lowercase } };
    return tuneWeights(sentences, table, language, weightsOf(INITIAL_WEIGHTS), { ...model, beam: training.tuning.beam }, settings, async (iteration) => {
      const { iteration: number, bleu, newCandidates } = iteration;
      await this.#log({ stage: "tuning", iteration: number, bleu, newCandidates });
      this.#tell({ kind: "tuning", iteration });
      await this.#pause();
    });
  }

  #tell(event: PhraseTrainEvent): void {
    this.options.onEvent?.(event);
  }

  async #log(fields: Readonly<Record<string, unknown>>): Promise<void> {
    await this.log.append({ step: ++this.#step, ...fields });
  }

  /** Lets signals through, and stops where one has come. */
  async #pause(): Promise<void> {
    await otherWork();
    if (this.options.signal?.aborted === true) throw new Aborted(this.#phrasePairs);
  }
}
