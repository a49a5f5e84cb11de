import { Gpt } from "../../models/gpt.ts";
import type { LanguageModel } from "../../models/language-model.ts";
import { LstmLm } from "../../models/lstm-lm.ts";
import { Tokenizer } from "../../text/tokenizer.ts";
import { loadModel } from "../checkpoint/checkpoint.ts";
import type { LanguageModelConfig } from "../config/language-model.ts";
import type { GrpoRunConfig } from "../config/grpo.ts";
import type { TextRunConfig } from "../config/text.ts";
import { chooseCheckpoint, matchParameters, requireVocabulary, vocabularyFingerprint, type CheckpointChoice } from "./open-run.ts";
import { RunDirectory } from "./run-directory.ts";

export interface OpenedTextRun {
  readonly directory: RunDirectory;
  readonly config: TextRunConfig | GrpoRunConfig;
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  /** Values of the model's parameters, by name. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly step: number;
}

/** The network of a configuration, with weights yet to be chosen. */
export function buildLanguageModel(model: LanguageModelConfig, vocabulary: number): Gpt | LstmLm {
  switch (model.kind) {
    case "gpt":
      return new Gpt({ ...model, vocabulary });
    case "lstm-lm":
      return new LstmLm({ ...model, vocabulary });
    default:
      return model satisfies never;
  }
}

/** Opens a trained language model for use. Throws where the folder, its checkpoint or its vocabulary does not fit. */
export async function openTextRun(path: string, { checkpoint = "best" }: { checkpoint?: CheckpointChoice } = {}): Promise<OpenedTextRun> {
  const directory = await RunDirectory.open(path);
  const config = await directory.readLanguageConfig();
  const tokenizer = await Tokenizer.load(directory.tokenizerFile());
  const place = await chooseCheckpoint(directory, checkpoint);
  const loaded = await loadModel(place);
  requireVocabulary(loaded, vocabularyFingerprint([tokenizer]));
  const model = buildLanguageModel(config.model, tokenizer.size).seed(config.seed);
  return { directory, config, model, tokenizer, parameters: matchParameters(model, loaded.model, place), step: loaded.step };
}
