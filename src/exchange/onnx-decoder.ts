import { Tensor, type InferenceSession } from "onnxruntime-common";
import type { GptOptions } from "../models/gpt.ts";

/** Keys and values of the tokens that were read, by the names of the next run's inputs. */
export type Past = Readonly<Record<string, Tensor>>;

/** What a cache holds of each token. */
export const CACHE_PARTS = ["key", "value"] as const;

export function pastName(layer: number, part: (typeof CACHE_PARTS)[number]): string {
  return `past_key_values.${layer}.${part}`;
}

/** What the shapes of an exported decoder's inputs depend on. */
export type DecoderShape = Pick<GptOptions, "layers" | "keyValueHeads" | "dimension" | "heads" | "vocabulary" | "context">;

/** An exported decoder, run by ONNX Runtime alone, in Node or in a browser. */
export class OnnxDecoder {
  constructor(private readonly session: InferenceSession, readonly shape: DecoderShape) {}

  /**
   * Reads rows of tokens [batch, time] after those of `past`: logits [batch, time, vocabulary] for what follows each.
   *
   * @param padding how many tokens before each row's text only fill the batch; the same in all runs that follow each other
   */
  async read(rows: readonly (readonly number[])[], past?: Past, padding: readonly number[] = rows.map(() => 0)): Promise<{ logits: Float32Array; present: Past }> {
    const [batch, time] = [rows.length, rows[0]?.length ?? 0];
    const before = Object.values(past ?? this.#empty(batch))[0]?.dims[2] ?? 0;
    const mask = rows.flatMap((_, row) => Array.from({ length: before + time }, (_unused, place) => BigInt(Number(place >= (padding[row] ?? 0)))));
    const results = await this.session.run({
      input_ids: new Tensor("int64", BigInt64Array.from(rows.flat().map(BigInt)), [batch, time]),
      attention_mask: new Tensor("int64", BigInt64Array.from(mask), [batch, before + time]),
      ...(past ?? this.#empty(batch)),
    });
    const present = Object.entries(results).flatMap(([name, tensor]) => (
      name.startsWith("present.") ? [[name.replace("present", "past_key_values"), tensor] as const] : []));
    const logits = results["logits"]?.data;
    if (!(logits instanceof Float32Array)) throw new Error("An exported decoder gives logits in float32.");
    return { logits, present: Object.fromEntries(present) };
  }

  async close(): Promise<void> {
    await this.session.release();
  }

  #empty(batch: number): Past {
    const { layers, keyValueHeads, dimension, heads } = this.shape;
    const empty = (): Tensor => new Tensor("float32", new Float32Array(0), [batch, keyValueHeads, 0, dimension / heads]);
    return Object.fromEntries(Array.from({ length: layers }, (_, layer) => CACHE_PARTS.map((part) => [pastName(layer, part), empty()] as const)).flat());
  }
}
