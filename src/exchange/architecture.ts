/** Which models of Hugging Face Decade has, and how each is read. */
import { z } from "zod";
import type { Gpt, GptOptions } from "../models/gpt.ts";
import { checkJson } from "./checked-json.ts";
import type { Correspondence } from "./correspondence.ts";
import { ExchangeError } from "./exchange-error.ts";
import { gpt2Ignored, gpt2Options, gpt2Schema, gpt2Tensors } from "./gpt2.ts";
import { llamaBiases, llamaIgnored, llamaOptions, llamaSchema, llamaTensors } from "./llama.ts";
import type { Tensors } from "./weights.ts";

/** A decoder-only model as its configuration describes it. */
export interface DecoderArchitecture {
  readonly name: string;
  readonly options: GptOptions;
  /** Where the parameters of a model with these options are among the tensors. */
  correspondences(model: Gpt, tensors: Tensors): Correspondence[];
  /** Tensors that say nothing new. */
  readonly ignored: RegExp;
}

/** Kinds of decoders, and what `model_type` calls them in a configuration that does not name its architecture. */
const DECODERS = {
  GPT2LMHeadModel: "gpt2", LlamaForCausalLM: "llama", MistralForCausalLM: "mistral", Qwen2ForCausalLM: "qwen2",
} as const;
export const DECODER_NAMES: readonly string[] = Object.keys(DECODERS);
type DecoderName = keyof typeof DECODERS;

const kindSchema = z.looseObject({ architectures: z.array(z.string()).nullish(), model_type: z.string().nullish() });

/**
 * Reads a configuration.
 *
 * @param path names it in errors
 * @throws ExchangeError that names an architecture that Decade does not have, or the fields that it cannot follow
 */
export function readArchitecture(config: unknown, path: string): DecoderArchitecture {
  const { architectures, model_type: type } = checkJson(path, config, kindSchema);
  const found = architectures?.[0] ?? Object.entries(DECODERS).find(([, own]) => own === type)?.[0];
  if (found === undefined || !isDecoder(found)) {
    const described = found !== undefined ? `the architecture ${found}` : type != null ? `a model of the type ${type}` : undefined;
    throw new ExchangeError(`${path} ${described === undefined ? "names no architecture that Decade could have" : `describes ${described}, which is no language model that Decade has`}; `
      + `it has ${DECODER_NAMES.join(", ")}.`);
  }
  if (found === "GPT2LMHeadModel") {
    return {
      name: found, options: gpt2Options(checkJson(path, config, gpt2Schema)), ignored: gpt2Ignored,
      correspondences: (model, tensors) => gpt2Tensors(model, tensors.has("wte.weight") ? "" : undefined),
    };
  }
  const llama = checkJson(path, config, llamaSchema);
  return {
    name: found, options: llamaOptions(llama), ignored: llamaIgnored,
    correspondences: (model) => llamaTensors(model, llamaBiases(llama)),
  };
}

function isDecoder(name: string): name is DecoderName {
  return Object.hasOwn(DECODERS, name);
}
