import type { NumericArray } from "../engines/engine.ts";

/** The last token of a partial output, linked to those before it: hypotheses share their beginnings. */
export interface PathNode {
  readonly token: number;
  readonly previous: PathNode | undefined;
  /** Tokens up to this one. */
  readonly length: number;
  /** Natural log-probability of all of them. */
  readonly logProbability: number;
  /** The row of the decoder's last step that this continues. */
  readonly row: number;
  readonly alignment: Float32Array | undefined;
}

/** The tokens of a path, first to last. */
export function tokensOf(path: PathNode): Int32Array {
  const tokens = new Int32Array(path.length);
  for (let node: PathNode | undefined = path; node !== undefined; node = node.previous) tokens[node.length - 1] = node.token;
  return tokens;
}

/** The alignments of a path, first to last; `undefined` without attention. */
export function alignmentOf(path: PathNode): Float32Array[] | undefined {
  const rows: Float32Array[] = [];
  for (let node: PathNode | undefined = path; node !== undefined; node = node.previous) {
    if (node.alignment === undefined) return undefined;
    rows.push(node.alignment);
  }
  return rows.reverse();
}

/** One row of an alignment [rows, source], of its own. */
export function alignmentRow(alignment: NumericArray | undefined, row: number): Float32Array | undefined {
  if (alignment === undefined) return undefined;
  const width = alignment.shape[1] ?? 0;
  return Float32Array.from(alignment.data.subarray(row * width, (row + 1) * width));
}
