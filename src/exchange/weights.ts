/** The weights of a Hugging Face folder: `model.safetensors`, or several files and an index of them. */
import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readSafetensors, type TensorData } from "../data/safetensors.ts";
import { ExchangeError } from "./exchange-error.ts";
import { readJsonFile } from "./json-file.ts";

export type Tensors = ReadonlyMap<string, TensorData>;

const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

const indexSchema = z.looseObject({
  weight_map: z.record(z.string(), z.string().regex(/^[^/\\]+\.safetensors$/, { error: "expected the name of a .safetensors file beside the index" })),
});

/**
 * Reads all tensors of a folder; float16 and bfloat16 are widened to float32.
 *
 * @throws ExchangeError where there are none, or a file or tensor that the index names is missing
 * @throws SafetensorsError where a file lies about sizes or offsets
 */
export async function readWeights(folder: string): Promise<Tensors> {
  if (await exists(join(folder, SINGLE))) return readSafetensors(join(folder, SINGLE));
  const index = join(folder, INDEX);
  if (await exists(index)) return readShards(folder, index);
  const others = (await readdir(folder)).filter((name) => /\.(bin|pth|pt|h5|msgpack|gguf|onnx)$/.test(name));
  throw new ExchangeError(`${folder} has neither ${SINGLE} nor ${INDEX}${others.length === 0 ? "" : `, only ${others.join(", ")}`}; `
    + "save the model as safetensors first.");
}

async function readShards(folder: string, index: string): Promise<Tensors> {
  const { weight_map: places } = await readJsonFile(index, indexSchema, "the index of the weights");
  const tensors = new Map<string, TensorData>();
  for (const file of new Set(Object.values(places))) {
    const path = join(folder, file);
    if (!(await exists(path))) throw new ExchangeError(`${path} is missing, but ${INDEX} names it; download or copy the whole folder.`);
    for (const [name, tensor] of await readSafetensors(path)) {
      if (places[name] === file) tensors.set(name, tensor);
    }
  }
  const missing = Object.entries(places).find(([name]) => !tensors.has(name));
  if (missing === undefined) return tensors;
  throw new ExchangeError(`${join(folder, missing[1])} lacks the tensor "${missing[0]}", which ${INDEX} places there; the files are of different models.`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
