/**
 * A map of encoder states: the first two principal components, as in Figure 2 of Sutskever, Vinyals and Le 2014,
 * "Sequence to Sequence Learning with Neural Networks".
 */
import { PCA } from "ml-pca";
import { scatterChart, type Chart, type ChartOptions } from "../plot/index.ts";

/** The state that an encoder reached after one sentence. */
export interface LabelledState {
  /** Of the same length for all sentences. */
  readonly state: ArrayLike<number>;
  /** The sentence. */
  readonly label: string;
  /** Sentences of a group share a colour. */
  readonly group?: string;
}

/** One sentence's place on the map. */
export interface MapPoint {
  readonly x: number;
  readonly y: number;
  readonly label: string;
  readonly group?: string;
}

/** Sentences on a plane. */
export interface StateMap {
  readonly points: readonly MapPoint[];
  /** The share, 0 to 1, of the states' variance along x and along y. */
  readonly explainedVariance: readonly [number, number];
}

/**
 * Projects states on their first two principal components.
 *
 * States are centred, not scaled. A component's sign is free; here its largest coefficient is positive, so that equal
 * states give equal maps.
 *
 * @param states two or more, with two or more equally many numbers each
 * @throws RangeError if there are too few, they differ in length, all are equal, or a number is not finite
 */
export function mapStates(states: readonly LabelledState[]): StateMap {
  const rows = states.map(({ state }) => Array.from(state));
  checkRows(rows, states);
  const analysis = new PCA(rows, { center: true, scale: false });
  const [first = 0, second = 0] = analysis.getExplainedVariance();
  const components = analysis.getEigenvectors().transpose().to2DArray();
  const [xSign, ySign] = [largestSign(components[0]), largestSign(components[1])];
  const points = analysis.predict(rows, { nComponents: 2 }).to2DArray();
  return {
    points: states.map(({ label, group }, index) => {
      const [x = 0, y = 0] = points[index] ?? [];
      return { x: xSign * x, y: ySign * y, label, ...(group === undefined ? {} : { group }) };
    }),
    explainedVariance: [first, second],
  };
}

/** Pixels in which the labels of a map have room. */
const LABELLED = { width: 720, leastHeight: 300, heightPerLabel: 24, mostHeight: 1200 };

/** The map as a figure, with the share of variance in the axis titles; the more points, the higher. */
export function stateMapFigure(map: StateMap, options: ChartOptions = {}): Chart {
  const [x, y] = map.explainedVariance.map((share) => `${(100 * share).toFixed(0)} % of variance`);
  return scatterChart({
    title: "Encoder states",
    width: LABELLED.width,
    height: Math.min(LABELLED.mostHeight, Math.max(LABELLED.leastHeight, LABELLED.heightPerLabel * map.points.length)),
    ...options,
    x: { title: "component 1", ...(x === undefined ? {} : { unit: x }) },
    y: { title: "component 2", ...(y === undefined ? {} : { unit: y }) },
    points: map.points,
  });
}

function largestSign(component: readonly number[] = []): 1 | -1 {
  const largest = component.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  return largest < 0 ? -1 : 1;
}

function checkRows(rows: readonly (readonly number[])[], states: readonly LabelledState[]): void {
  const width = rows[0]?.length ?? 0;
  if (rows.length < 2 || width < 2) {
    throw new RangeError(
      `The states form a matrix [${rows.length}, ${width}], but at least two states of two numbers each were expected.`,
    );
  }
  rows.forEach((row, index) => {
    const name = `State ${index} ("${states[index]?.label ?? ""}")`;
    if (row.length !== width) {
      throw new RangeError(`${name} has ${row.length} numbers, but ${width} were expected, as for state 0.`);
    }
    const odd = row.find((value) => !Number.isFinite(value));
    if (odd !== undefined) throw new RangeError(`${name} holds ${odd}, but finite numbers were expected.`);
  });
  // Their mean may differ from them by rounding, which a map would show as if it were something.
  if (rows.every((row) => row.every((value, at) => value === rows[0]?.[at]))) throw new RangeError("All states are equal, but a map needs states that differ.");
}
