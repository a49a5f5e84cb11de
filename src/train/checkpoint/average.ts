/** The mean of several checkpoints' weights. */
import type { TensorData } from "../../data/safetensors.ts";
import { CheckpointError, loadModel } from "./checkpoint.ts";

interface Sum {
  readonly shape: readonly number[];
  readonly dtype: TensorData["dtype"];
  readonly total: Float64Array;
}

/**
 * Averages the model tensors of checkpoints of one run, element by element, summed in float64. One checkpoint is in
 * memory at a time. Integer tensors must be the same in all.
 *
 * @param paths the checkpoints' folders, at least one
 * @throws CheckpointError for no checkpoints, a damaged one, or ones whose tensors differ in name, dtype or shape
 */
export async function averageCheckpoints(paths: readonly string[]): Promise<Map<string, TensorData>> {
  const [first, ...others] = paths;
  if (first === undefined) throw new CheckpointError("An average needs at least one checkpoint, but received none.");
  const sums = new Map<string, Sum>();
  for (const [name, { shape, dtype, data }] of (await loadModel(first)).model) {
    sums.set(name, { shape, dtype, total: Float64Array.from(data) });
  }
  for (const path of others) addTo(sums, (await loadModel(path)).model, path, first);

  const mean = new Map<string, TensorData>();
  for (const [name, { shape, dtype, total }] of sums) {
    mean.set(
      name,
      dtype === "int32"
        ? { dtype, shape, data: Int32Array.from(total) }
        : { dtype, shape, data: Float32Array.from(total, (sum) => sum / paths.length) },
    );
  }
  return mean;
}

function addTo(
  sums: ReadonlyMap<string, Sum>,
  model: ReadonlyMap<string, TensorData>,
  path: string,
  first: string,
): void {
  for (const name of sums.keys()) {
    if (!model.has(name)) throw unlike(path, first, `tensor "${name}" is missing`);
  }
  for (const [name, { shape, dtype, data }] of model) {
    const sum = sums.get(name);
    if (sum === undefined) throw unlike(path, first, `tensor "${name}" is only in the former`);
    if (sum.dtype !== dtype || sum.shape.join() !== shape.join()) {
      const texts = [`${dtype} [${shape.join(", ")}]`, `${sum.dtype} [${sum.shape.join(", ")}]`] as const;
      throw unlike(path, first, `tensor "${name}" is ${texts[0]} in the former and ${texts[1]} in the latter`);
    }
    const { total } = sum;
    if (dtype === "int32") {
      if (data.some((value, index) => value !== total[index])) {
        throw unlike(path, first, `integer tensor "${name}" differs`);
      }
      continue;
    }
    data.forEach((value, index) => {
      total[index] = (total[index] ?? 0) + value;
    });
  }
}

function unlike(path: string, first: string, how: string): CheckpointError {
  return new CheckpointError(
    `${path} cannot be averaged with ${first}: ${how}. Average checkpoints of one run or of equal models.`,
  );
}
