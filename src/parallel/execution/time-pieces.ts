import { emptyArray, type NumericArray } from "../../engines/engine.ts";
import type { DimValues } from "../../graph/dimension.ts";
import type { Signature } from "../../graph/program.ts";
import type { TrainingBatch } from "../../train/training-task.ts";

/** A stretch of the time of a phase. */
export interface TimePiece {
  /** Number of the phase. */
  readonly phase: number;
  readonly isFirst: boolean;
  readonly before: number;
  readonly length: number;
  readonly after: number;
}

/** Cuts the time of all phases into so many pieces of about the same length, one a phase at least, and none empty. */
export function cutTime(lengths: readonly number[], pieces: number): TimePiece[] {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  let used = 0;
  return lengths.flatMap((length, phase) => {
    const wanted = phase === lengths.length - 1 ? pieces - used : Math.round(pieces * length / total);
    const count = Math.max(1, Math.min(length, wanted));
    used += count;
    return Array.from({ length: count }, (_, at): TimePiece => {
      const [from, to] = [Math.round(length * at / count), Math.round(length * (at + 1) / count)];
      return { phase, isFirst: at === 0, before: from, length: to - from, after: length - to };
    });
  });
}

/** The feeds of a piece: stretches of what lies along the phase's time, the rest whole, and the lengths around it. */
export function pieceFeeds(
  feeds: TrainingBatch["feeds"], signature: Signature, times: readonly string[], dims: DimValues, { phase, before, length, after }: TimePiece,
): TrainingBatch["feeds"] {
  const around = times.flatMap((time, at) => {
    const whole = dims.get(time) ?? 0;
    const [ahead, behind] = at < phase ? [whole, 0] : at > phase ? [0, 0] : [before, after];
    return [[`${time}.before`, nothing(ahead)], [`${time}.after`, nothing(behind)]] as const;
  });
  const stretches = Object.entries(feeds).map(([name, array]) => {
    const axis = signature[name]?.shape.indexOf(times[phase] ?? "") ?? -1;
    return [name, axis < 0 ? array : stretch(array, axis, before, length)] as const;
  });
  return Object.fromEntries([...stretches, ...around]) as TrainingBatch["feeds"];
}

function nothing(length: number): NumericArray<Int32Array> {
  return { data: new Int32Array(length), shape: [length] };
}

/** Elements from `start` on along an axis. */
function stretch({ data, shape }: TrainingBatch["feeds"][string], axis: number, start: number, length: number): NumericArray {
  const size = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);
  const [rows, row] = [size(shape.slice(0, axis)), size(shape.slice(axis + 1))];
  const whole = (shape[axis] ?? 0) * row;
  const part = emptyArray(data instanceof Float32Array ? "float32" : data instanceof Int32Array ? "int32" : "bool", rows * length * row);
  for (let at = 0; at < rows; at++) part.set(data.subarray(at * whole + start * row, at * whole + (start + length) * row), at * length * row);
  return { data: part, shape: shape.map((dim, other) => (other === axis ? length : dim)) };
}
