import { buildLanguageModel } from "../../train/run/open-text-run.ts";
import { buildModel } from "../../train/run/open-run.ts";
import type { Module } from "../../nn/module.ts";
import { isTextRunConfig } from "../../train/config/text.ts";
import { ScalingError } from "../scaling-error.ts";
import { configure, type Settings, type TrainingConfig } from "./configure.ts";
import type { Sweep } from "./sweep-schema.ts";
import { nonEmbeddingParameters } from "./training-size.ts";

/** How deep and how wide a network is. */
export interface Shape {
  readonly layers: number;
  readonly width: number;
}

/** Wider networks than any machine trains. */
const MOST_STEPS = 2 ** 20;

/**
 * The network nearest to a number of parameters besides embeddings, in their logarithm. Its width is a multiple of
 * `shape.multiple`; its depth is width / `shape.aspect`, rounded, and 1 at least, or as given. Both grow with the parameters.
 *
 * @throws ScalingError where even the narrowest network has more than twice as many
 */
export function shapeOfSize(sweep: Sweep, target: number, layers?: number): Shape {
  const { aspect, multiple } = sweep.shape;
  const at = (step: number): Shape => ({ layers: layers ?? Math.max(1, Math.round(multiple * step / aspect)), width: multiple * step });
  const count = (step: number): number => countParameters(configure(sweep, shapeSettings(sweep, at(step))));
  const least = count(1);
  if (least > 2 * target) {
    throw new ScalingError(`The sweep ${sweep.name} asks for ${Math.round(target)} parameters besides embeddings, but its narrowest network, `
      + `${at(1).layers} layers of width ${at(1).width}, has ${least}; ask for more, or make shape.multiple smaller.`);
  }
  const below = lastBelow((step) => count(step) <= target);
  const [under, over] = [count(Math.max(1, below)), count(below + 1)];
  return at(below === 0 || over / target < target / under ? below + 1 : below);
}

/** The last number from 0 of which a statement holds that holds up to there. */
function lastBelow(holds: (step: number) => boolean): number {
  let [low, high] = [0, 1];
  while (high < MOST_STEPS && holds(high)) [low, high] = [high, 2 * high];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** The fields that give the sweep's model a shape. */
export function shapeSettings({ base, shape: { multiple } }: Sweep, { layers, width }: Shape): Settings {
  const kind = modelKind(base);
  const heads = width / multiple;
  switch (kind) {
    case "gpt":
      return { "model.layers": layers, "model.dimension": width, "model.heads": heads };
    case "seq2seq-transformer":
      return { "model.layers": layers, "model.encoderLayers": layers, "model.decoderLayers": layers, "model.dimension": width, "model.heads": heads };
    case "lstm-lm":
      return { "model.layers": layers, "model.hidden": width };
    case "seq2seq-lstm":
      return { "model.layers": layers, "model.encoderLayers": layers, "model.decoderLayers": layers, "model.hidden": width };
    default:
      return kind satisfies never;
  }
}

/** The shape that a configuration has; of an encoder-decoder, the decoder's depth. */
export function shapeOf({ model }: TrainingConfig): Shape {
  switch (model.kind) {
    case "gpt":
      return { layers: model.layers, width: model.dimension };
    case "seq2seq-transformer":
      return { layers: model.decoderLayers, width: model.dimension };
    case "lstm-lm":
      return { layers: model.layers, width: model.hidden };
    case "seq2seq-lstm":
      return { layers: model.decoderLayers, width: model.hidden };
    default:
      return model satisfies never;
  }
}

function modelKind(base: Readonly<Record<string, unknown>>): TrainingConfig["model"]["kind"] {
  return configure({ name: "shape", directory: "runs", base }, {}).model.kind;
}

/** A vocabulary for counting what does not depend on it. */
const SOME_VOCABULARY = 8;

function countParameters(config: TrainingConfig): number {
  const model: Module = isTextRunConfig(config)
    ? buildLanguageModel(config.model, SOME_VOCABULARY) : buildModel(config.model, SOME_VOCABULARY, SOME_VOCABULARY);
  return nonEmbeddingParameters(model);
}
