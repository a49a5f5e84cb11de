/** Quantitative axes: titles with units, linear or logarithmic scales, and the check that data fit the scale. */

/** One quantitative axis. */
export interface Axis {
  readonly title: string;
  /** Printed in brackets after the title. */
  readonly unit?: string;
  /** `linear` unless said otherwise. A `log` axis has base 10 and takes positive values only. */
  readonly scale?: "linear" | "log";
  /** Lowest and highest value shown; what lies outside is clipped. Fitted to the data unless given. */
  readonly domain?: readonly [number, number];
  /** Whether a fitted linear axis must reach zero; `false` unless said otherwise. */
  readonly zero?: boolean;
  /** A d3-format pattern for tick labels, such as `~s` or `.1f`. */
  readonly format?: string;
  /** The tick positions, where the automatic ones do not serve. */
  readonly ticks?: readonly number[];
}

/** The title as printed: `loss (nats)`. */
export function axisTitle(axis: Pick<Axis, "title" | "unit">): string {
  return axis.unit === undefined ? axis.title : `${axis.title} (${axis.unit})`;
}

/**
 * The vega-lite members of a quantitative channel.
 *
 * @param values the data on the axis, which decide how a logarithmic axis is labelled
 * @param padding pixels kept free between the outermost data and the ends of a fitted axis
 */
export function quantitative(axis: Axis, values: readonly number[], padding = 0) {
  const domain: [number, number] | undefined = axis.domain && [axis.domain[0], axis.domain[1]];
  const margin = fittedPadding(axis, padding);
  // Rounding the ends of a logarithmic axis to powers of ten could leave most of it empty.
  const fit = domain === undefined ? { nice: axis.scale !== "log", ...(margin > 0 ? { padding: margin } : {}) } : { domain, nice: false };
  return {
    type: "quantitative" as const,
    title: axisTitle(axis),
    scale: axis.scale === "log" ? { type: "log" as const, ...fit } : { zero: axis.zero ?? false, ...fit },
    axis: {
      labelFlush: false,
      ...(axis.ticks === undefined ? { tickCount: 6 } : { values: [...axis.ticks] }),
      ...(axis.scale === "log" ? logLabels(axis, domain ?? values) : {}),
      ...(axis.format === undefined ? {} : { format: axis.format }),
    },
  };
}

/** The pixels between the outermost data and the ends of an axis that is fitted to them. */
export function fittedPadding(axis: Axis, asked: number): number {
  return axis.scale === "log" ? Math.max(asked, 8) : asked;
}

const isPowerOfTen = "abs(log(datum.value) / LN10 - round(log(datum.value) / LN10)) < 1e-9";

/** Labels powers of ten alone, and fades the other grid lines, once the axis spans more than two decades. */
function logLabels(axis: Axis, values: readonly number[]) {
  const { low, high } = extent(values);
  const format = axis.format ?? (low >= 1e5 ? "~e" : "~g");
  if (axis.ticks !== undefined || high < low * 10 ** 2) return { format };
  return {
    format,
    labelExpr: `${isPowerOfTen} ? ${axis.format === undefined ? powerLabel : "datum.label"} : ''`,
    gridOpacity: { condition: { test: isPowerOfTen, value: 1 }, value: 0.4 },
  };
}

const superscripts = ["0⁰", "1¹", "2²", "3³", "4⁴", "5⁵", "6⁶", "7⁷", "8⁸", "9⁹", "-⁻"];

// Powers from 10⁵ and below 10⁻³ are printed with a superscript exponent, character by character.
const powerLabel =
  "datum.value < 1e5 && datum.value > 9e-4 ? datum.label : '10' + " +
  superscripts.reduce(
    (expression, [plain, raised]) => `replace(${expression}, /${plain}/g, '${raised}')`,
    "toString(round(log(datum.value) / LN10))",
  );

/** The lowest and highest of some numbers; a reduction, since long data overflow the arguments of `Math.min`. */
export function extent(values: readonly number[]): { low: number; high: number } {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}

/**
 * Checks that a value can stand on an axis.
 *
 * @param where which point it is, for the message, such as `series "train", point 3`
 * @throws RangeError if the value is not finite, or not positive on a logarithmic axis
 */
export function checkOnAxis(value: number, axis: Axis, where: string): void {
  if (!Number.isFinite(value)) {
    throw new RangeError(`${where}: the value for axis "${axis.title}" is ${value}, but a finite number was expected.`);
  }
  if (axis.scale === "log" && value <= 0) {
    throw new RangeError(
      `${where}: the value for the logarithmic axis "${axis.title}" is ${value}, but a positive number was expected. ` +
        `Leave the point out or use a linear scale.`,
    );
  }
}

/**
 * Checks an error interval: both ends or neither, in order, on the axis.
 *
 * @throws RangeError if it is not so
 */
export function checkInterval(
  interval: { readonly lower?: number; readonly upper?: number },
  axis: Axis,
  where: string,
): void {
  const { lower, upper } = interval;
  if (lower === undefined && upper === undefined) return;
  if (lower === undefined || upper === undefined) {
    throw new RangeError(`${where}: an interval needs both "lower" and "upper", but only one was given.`);
  }
  checkOnAxis(lower, axis, where);
  checkOnAxis(upper, axis, where);
  if (lower > upper) {
    throw new RangeError(`${where}: the interval's lower end ${lower} lies above its upper end ${upper}.`);
  }
}
