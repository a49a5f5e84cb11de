export interface LogLinearFit {
  readonly intercept: number;
  /** What a doubling adds. */
  readonly slope: number;
  readonly slopeError: number;
}

/** y = intercept + slope · log₂ x by least squares, with the slope's standard error; nothing where fewer than two x differ. */
export function fitLogLinear(points: readonly { readonly x: number; readonly y: number }[]): LogLinearFit | undefined {
  const logs = points.map(({ x }) => Math.log2(x));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(logs), mean(points.map(({ y }) => y))];
  const spread = logs.reduce((sum, x) => sum + (x - meanX) ** 2, 0);
  if (new Set(logs).size < 2 || points.length < 3) return undefined;
  const slope = logs.reduce((sum, x, at) => sum + (x - meanX) * ((points[at]?.y ?? 0) - meanY), 0) / spread;
  const intercept = meanY - slope * meanX;
  const residual = logs.reduce((sum, x, at) => sum + ((points[at]?.y ?? 0) - intercept - slope * x) ** 2, 0);
  return { intercept, slope, slopeError: Math.sqrt(residual / (points.length - 2) / spread) };
}
