/** A priority queue: the item that `before` puts first comes out first. */
export class Heap<Item> {
  readonly #items: Item[] = [];
  readonly #before: (a: Item, b: Item) => boolean;

  constructor(before: (a: Item, b: Item) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  push(item: Item): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = items[parent];
      if (above === undefined || !this.#before(item, above)) break;
      items[at] = above;
      at = parent;
    }
    items[at] = item;
  }

  /** Takes the first item out. */
  pop(): Item | undefined {
    const items = this.#items;
    const [first] = items;
    const last = items.pop();
    if (last === undefined || items.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const [leftItem, rightItem] = [items[left], items[left + 1]];
      if (leftItem === undefined) break;
      const [child, item] = rightItem !== undefined && this.#before(rightItem, leftItem) ? [left + 1, rightItem] : [left, leftItem];
      if (!this.#before(item, last)) break;
      items[at] = item;
      at = child;
    }
    items[at] = last;
    return first;
  }
}
