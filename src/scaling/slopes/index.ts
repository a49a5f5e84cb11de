export {
  compareSlopes, LEAST_POINTS,
  type Band, type EqualSlopes, type GroupLeftOut, type GroupSlope, type SlopeEstimate, type SlopeAnalysis, type SlopeComparison, type SlopeOptions, type SlopeResidual,
} from "./compare-slopes.ts";
export type { LineMethod } from "./line.ts";
export { slopePoints, type SlopeColumns, type SlopePoint, type SlopePoints } from "./points.ts";
export { farthest, slopesChart, type SlopesChartOptions } from "./slopes-chart.ts";
