import { rawName } from "../../train/training-state.ts";
import type { SavedTensors } from "../../train/step-programs.ts";
import type { TensorData } from "../../data/safetensors.ts";
import type { Transport } from "../transport.ts";
import type { ShardedWeights } from "./sharded-weights.ts";
import { sizeOf } from "./pieces.ts";

const TAG = 1 << 20;

/** A stretch of a tensor, as it is announced before its numbers. */
interface Stretch {
  readonly file: keyof SavedTensors;
  readonly name: string;
  /** Of the whole tensor. */
  readonly shape: readonly number[];
  readonly start: number;
  readonly length: number;
}

/**
 * A checkpoint's tensors, whole, from the pieces of all ranks; on the first rank. The others send theirs and get nothing.
 * What several hold is the same everywhere.
 */
export async function gatherSaved(transport: Transport, weights: ShardedWeights, averages: boolean): Promise<SavedTensors> {
  const own = stretchesOf(weights, averages);
  const saved = { model: new Map<string, TensorData>(), optimizer: new Map<string, TensorData>() };
  if (transport.rank !== 0) {
    const announced = new TextEncoder().encode(JSON.stringify(own.map(({ stretch }) => stretch)));
    await transport.send(0, TAG, Int32Array.of(announced.length));
    await transport.send(0, TAG + 1, announced);
    for (const { data } of own) await transport.send(0, TAG + 2, data);
    return saved;
  }
  for (const { stretch, data } of own) place(saved, stretch, data);
  for (let rank = 1; rank < transport.size; rank++) {
    const length = new Int32Array(1);
    await transport.receive(rank, TAG, length);
    const announced = new Uint8Array(length[0] ?? 0);
    await transport.receive(rank, TAG + 1, announced);
    for (const stretch of JSON.parse(new TextDecoder().decode(announced)) as Stretch[]) {
      const data = new Float32Array(stretch.length);
      await transport.receive(rank, TAG + 2, data);
      place(saved, stretch, data);
    }
  }
  return { model: sorted(saved.model), optimizer: sorted(saved.optimizer) };
}

function stretchesOf(weights: ShardedWeights, averages: boolean): { stretch: Stretch; data: Float32Array }[] {
  return weights.saved().map(({ name, piece, shape, data, kind }) => {
    const whole = piece?.shape ?? shape;
    const start = piece === undefined ? 0 : piece.row * (piece.size / piece.rows);
    const inModel = kind === (averages ? "average" : "weight");
    const stretch: Stretch = {
      file: inModel ? "model" : "optimizer", name: kind === "weight" && averages ? rawName(name) : name, shape: whole, start, length: data.length,
    };
    return { stretch, data };
  });
}

function place(saved: { model: Map<string, TensorData>; optimizer: Map<string, TensorData> }, { file, name, shape, start }: Stretch, data: Float32Array): void {
  let tensor = saved[file].get(name);
  if (tensor === undefined) saved[file].set(name, tensor = { dtype: "float32", shape, data: new Float32Array(sizeOf(shape)) });
  tensor.data.set(data, start);
}

/** The same file whatever the layout. */
function sorted(tensors: ReadonlyMap<string, TensorData>): Map<string, TensorData> {
  return new Map([...tensors].sort(([a], [b]) => (a < b ? -1 : 1)));
}
