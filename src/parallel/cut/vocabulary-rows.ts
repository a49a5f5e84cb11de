import type { StateUpdate } from "../../graph/program.ts";
import type { StateVariable } from "../../graph/state.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Parameter } from "../../nn/module.ts";
import { read } from "../../optim/optimizer.ts";
import { gradientVariable } from "../../train/update-program.ts";
import { ScheduleError } from "../schedule.ts";

/** Some rows of a parameter, under its name. */
export class WeightRows implements StateVariable {
  readonly dtype = "float32";
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  /** The whole parameter's shape, and the first of its rows that is here. */
  readonly within: { readonly shape: readonly number[]; readonly row: number };
  readonly #parameter: Parameter;
  readonly #isInWhole: boolean;

  /** @param isInWhole the state has the whole parameter, which the device needs for something else too */
  constructor(parameter: Parameter, row: number, rows: number, isInWhole = false) {
    this.name = parameter.name;
    this.shape = [rows, ...parameter.shape.slice(1)];
    this.size = this.shape.reduce((product, size) => product * size, 1);
    this.within = { shape: parameter.shape, row };
    this.#parameter = parameter;
    this.#isInWhole = isInWhole;
  }

  /** Their values. */
  get tensor(): Tensor {
    const { row } = this.within;
    return this.#isInWhole ? read(this.#parameter).slice(0, row, row + (this.shape[0] ?? 0)) : read(this);
  }

  /** Adds to the gradient that the state has. */
  addGradient(slope: Tensor): StateUpdate {
    const variable = gradientVariable(this.#isInWhole ? this.#parameter : this);
    const { row, shape: [all = 0] } = this.within;
    return { variable, value: read(variable).add(this.#isInWhole ? slope.pad(0, row, all - row - (this.shape[0] ?? 0)) : slope) };
  }

  /** Those rows of what the whole parameter begins with. */
  initialize(): Float32Array {
    const start = this.within.row * (this.size / (this.shape[0] ?? 1));
    return this.#parameter.initialize().slice(start, start + this.size);
  }
}

/**
 * First row of each shard, the last one's end after them. The device of the first shard has other work, so that it gets
 * as few words as keep all busy as long, one at least.
 * @param body cost of that device's other work, in the unit of `projection`, which is that of the whole vocabulary
 */
export function shardRows(vocabulary: number, shards: number, { body, projection }: { body: number; projection: number }): number[] {
  if (vocabulary < shards) throw new ScheduleError(`${vocabulary} words cannot be shared by ${shards} processes; lower parallel.vocabulary.`);
  const share = (projection - (shards - 1) * body) / (shards * projection);
  const first = Math.min(Math.floor(vocabulary / shards), Math.max(1, Math.round((Number.isFinite(share) ? share : 0) * vocabulary)));
  return [0, ...Array.from({ length: shards }, (_, at) => first + Math.round(((vocabulary - first) * at) / (shards - 1)))];
}
