import { createHash } from "node:crypto";
import { isAbsolute } from "node:path";
import type { SequenceModel } from "../../models/sequence-model.ts";
import { Seq2SeqLstm } from "../../models/seq2seq-lstm.ts";
import { Seq2SeqTransformer } from "../../models/seq2seq-transformer.ts";
import type { Module } from "../../nn/module.ts";
import { Tokenizer } from "../../text/tokenizer.ts";
import { bestCheckpoint, latestCheckpoint, listCheckpoints } from "../checkpoint/list.ts";
import { CheckpointError, loadModel, type Checkpoint, type TensorMap } from "../checkpoint/checkpoint.ts";
import type { ModelConfig, RunConfig } from "../config/config.ts";
import { RunDirectory } from "./run-directory.ts";

/** Which of a run's checkpoints: the best on validation, the newest, that of a step, or a folder. */
export type CheckpointChoice = "best" | "latest" | number | (string & {});

export interface Tokenizers {
  readonly source: Tokenizer;
  readonly target: Tokenizer;
}

export interface OpenedRun {
  readonly directory: RunDirectory;
  readonly config: RunConfig;
  readonly model: SequenceModel;
  readonly sourceTokenizer: Tokenizer;
  readonly targetTokenizer: Tokenizer;
  /** Values of the model's parameters, by name. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly step: number;
}

/** The network of a configuration, with weights yet to be chosen. */
export function buildModel(model: ModelConfig, sourceVocabulary: number, targetVocabulary: number): Seq2SeqLstm | Seq2SeqTransformer {
  switch (model.kind) {
    case "seq2seq-lstm":
      return new Seq2SeqLstm({ ...model, sourceVocabulary, targetVocabulary });
    case "seq2seq-transformer":
      return new Seq2SeqTransformer({ ...model, sourceVocabulary, targetVocabulary });
    default:
      return model satisfies never;
  }
}

/** Opens a trained run for use. Throws where the folder, its checkpoint or its vocabulary does not fit. */
export async function openRun(path: string, { checkpoint = "best" }: { checkpoint?: CheckpointChoice } = {}): Promise<OpenedRun> {
  const directory = await RunDirectory.open(path);
  const config = await directory.readConfig();
  const tokenizers = await loadTokenizers(directory, config);
  const place = await chooseCheckpoint(directory, checkpoint);
  const loaded = await loadModel(place);
  const { model: tensors, step } = loaded;
  requireVocabulary(loaded, vocabularyFingerprint([tokenizers.source, tokenizers.target]));
  const model = buildModel(config.model, tokenizers.source.size, tokenizers.target.size).seed(config.seed);
  return {
    directory, config, model, step,
    sourceTokenizer: tokenizers.source,
    targetTokenizer: tokenizers.target,
    parameters: matchParameters(model, tensors, place),
  };
}

/** Whether both sides share one tokenizer. */
export function isJoint(config: RunConfig): boolean {
  return "kind" in config.tokenizer;
}

export async function loadTokenizers(directory: RunDirectory, config: RunConfig): Promise<Tokenizers> {
  if (isJoint(config)) {
    const joint = await Tokenizer.load(directory.tokenizerFile());
    return { source: joint, target: joint };
  }
  return {
    source: await Tokenizer.load(directory.tokenizerFile("source")),
    target: await Tokenizer.load(directory.tokenizerFile("target")),
  };
}

/** The folder of a checkpoint. `best` is the newest where none was marked. */
export async function chooseCheckpoint(directory: RunDirectory, choice: CheckpointChoice): Promise<string> {
  const places = await listCheckpoints(directory);
  if (places.length === 0) {
    throw new CheckpointError(`The run ${directory.path} has no checkpoint yet; train it, or wait until its first one is written.`);
  }
  if (typeof choice === "number" || /^\d+$/.test(choice)) {
    const place = places.find(({ step }) => step === Number(choice));
    if (place === undefined) {
      throw new CheckpointError(`The run ${directory.path} has no checkpoint of step ${choice}; it has ${places.map(({ step }) => step).join(", ")}.`);
    }
    return place.path;
  }
  if (choice === "best" || choice === "latest") {
    const best = choice === "best" ? await bestCheckpoint(directory) : undefined;
    const place = best ?? await latestCheckpoint(directory);
    if (place !== undefined) return place.path;
  }
  return isAbsolute(choice) || choice.includes("/") ? choice : `${directory.checkpoints}/${choice}`;
}

/** Throws where a checkpoint is chosen of a folder that is no run: it has one set of weights, which is its best. */
export function refuseCheckpoint(folder: string, choice: CheckpointChoice): void {
  if (choice === "best") return;
  throw new CheckpointError(`${folder} is no run, but a model with one set of weights, which has no checkpoint "${choice}"; leave the choice of a checkpoint out.`);
}

/** A checkpoint's tensors as the model's parameters. Throws where a name or a shape differs. */
export function matchParameters(model: Module, tensors: TensorMap, origin: string): Map<string, Float32Array> {
  const matched = new Map<string, Float32Array>();
  for (const { name, shape } of model.parameters()) {
    const tensor = tensors.get(name);
    if (tensor === undefined || tensor.dtype !== "float32") {
      throw new CheckpointError(`The checkpoint ${origin} lacks "${name}"; its model is not the one that the run's config.json describes.`);
    }
    if (tensor.shape.join() !== shape.join()) {
      throw new CheckpointError(`"${name}" is [${tensor.shape.join(", ")}] in the checkpoint ${origin}, but the run's config.json and tokenizer `
        + `make it [${shape.join(", ")}]; the checkpoint belongs to another model or vocabulary.`);
    }
    matched.set(name, tensor.data);
  }
  return matched;
}

/** Tells vocabularies apart, however their files are laid out. */
export function vocabularyFingerprint(tokenizers: readonly Tokenizer[]): string {
  const hash = createHash("sha256");
  for (const tokenizer of tokenizers) hash.update(JSON.stringify(JSON.parse(tokenizer.toJson()))).update("\n");
  return hash.digest("hex");
}

/** Throws where a checkpoint was trained with other vocabularies; of equal size, nothing else would show it. */
export function requireVocabulary({ path, state }: Pick<Checkpoint, "path" | "state">, fingerprint: string): void {
  const { vocabulary } = state;
  if (vocabulary === undefined || vocabulary === fingerprint) return;
  throw new CheckpointError(`The checkpoint ${path} was trained with another vocabulary than the run's tokenizer files hold; `
    + "put back the tokenizer files that were written when the run began.");
}
