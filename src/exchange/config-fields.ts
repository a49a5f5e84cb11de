import { z } from "zod";

/** A size: a whole number of at least 1. */
export function count() {
  return z.int().min(1);
}

export function positive() {
  return z.number().gt(0);
}

const id = z.int().min(0);

/** Fields of a Hugging Face configuration that all language models share. */
export const specialIdsSchema = z.looseObject({
  bos_token_id: id.nullish(),
  eos_token_id: z.union([id, z.array(id)]).nullish(),
  pad_token_id: z.int().nullish(), // some say -1 for none
  quantization_config: z.undefined({ error: "quantised weights are not read; give the float weights" }).optional(),
});
