/**
 * Puts items into rows of limited room: each into the fullest row that has room for it, or into a new one (best fit; Johnson
 * 1973). No two rows would fit into one.
 *
 * @param order the items, by their numbers, in the order in which they are placed
 * @param sizeOf room that an item takes, from 1 to `room`
 * @returns numbers of the items of each row, in the order of placing
 */
export function packRows(order: Iterable<number>, sizeOf: (item: number) => number, room: number): number[][] {
  const rows: number[][] = [];
  /** Rows by the room that is left in them. */
  const open = Array.from({ length: room }, (): number[][] => []);
  for (const item of order) {
    const size = sizeOf(item);
    let left = size;
    while (left < room && open[left]?.length === 0) left++;
    let row = open[left]?.pop();
    if (row === undefined) rows.push(row = []);
    row.push(item);
    open[left - size]?.push(row);
  }
  return rows;
}
