import type { StateVariable } from "../../graph/state.ts";

/** A weight, or rows of one, as a device has it. */
export interface HeldWeight extends StateVariable {
  readonly size: number;
  /** Of rows: the whole weight's shape, and the first of its rows that is here. */
  readonly within?: { readonly shape: readonly number[]; readonly row: number };
}

/** Rows of a weight: what one replica updates of it. */
export interface Piece {
  readonly name: string;
  /** Of the whole weight. */
  readonly shape: readonly number[];
  /** First row of the whole weight's, and how many. */
  readonly row: number;
  readonly rows: number;
  /** Where the piece begins among all weights of the device, laid one after another, and its elements. */
  readonly offset: number;
  readonly size: number;
}

/**
 * Shares out weights among replicas, in stretches of about as many elements, cut between rows: each replica updates its
 * own, and keeps the optimiser's state of no other (ZeRO stage 1; Rajbhandari et al. 2020).
 * @param isWhole of a weight that an optimiser cannot update row by row
 * @returns the pieces of each replica, which follow each other without gaps
 */
export function shareOut(weights: readonly HeldWeight[], replicas: number, isWhole: (weight: HeldWeight) => boolean): Piece[][] {
  const total = weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const shares: Piece[][] = Array.from({ length: replicas }, () => []);
  let offset = 0;
  for (const weight of weights) {
    const { name, shape, within = { shape, row: 0 } } = weight;
    const rows = shape.length === 0 || isWhole(weight) ? 1 : shape[0] ?? 1;
    const rowSize = rows === 0 ? 0 : sizeOf(shape) / rows;
    const firstRow = (replica: number): number => (
      Math.min(rows, Math.max(0, Math.ceil(((total * replica) / replicas - offset) / (rowSize || 1)))));
    shares.forEach((share, replica) => {
      const row = firstRow(replica);
      const count = (replica === replicas - 1 ? rows : firstRow(replica + 1)) - row;
      if (count > 0) share.push({ name, shape: within.shape, row: within.row + row, rows: count, offset: offset + row * rowSize, size: count * rowSize });
    });
    offset += sizeOf(shape);
  }
  return shares;
}

export function pieceSize(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { size }) => sum + size, 0);
}

/** A piece's shape: that of the weight, with fewer rows. */
export function pieceShape({ shape, rows, size }: Piece): readonly number[] {
  return size === sizeOf(shape) ? shape : [rows, ...shape.slice(1)];
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
