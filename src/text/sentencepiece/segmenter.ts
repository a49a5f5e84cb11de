/** Cuts text that has been normalised into pieces; neighbouring characters that the model does not know are one piece. */
export interface Segmenter {
  segment(text: string): string[];
}

/** The parts of a text between `bounds`, which begin with 0 and end with its length; `known` says of each whether it is a piece. */
export function cutAt(text: string, bounds: readonly number[], known: (part: number) => boolean): string[] {
  const pieces: string[] = [];
  let afterUnknown = false;
  for (let part = 0; part + 1 < bounds.length; part++) {
    const piece = text.slice(bounds[part], bounds[part + 1]);
    const unknown = !known(part);
    if (unknown && afterUnknown) pieces.push((pieces.pop() ?? "") + piece);
    else pieces.push(piece);
    afterUnknown = unknown;
  }
  return pieces;
}
