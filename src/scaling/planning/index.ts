/** Plans under a law of growth: how to spend compute, and when the data runs out. */
export { computeGrowth, effectiveStock, indexedWeb, largestTraining, stockGrowth, usableShare, usableStock, type Estimate } from "./data-stock.ts";
export { fitExchangeRate, readSyntheticRuns, type ExchangeRate, type SyntheticData, type SyntheticRun } from "./exchange-rate.ts";
export { trainingOfYear, yearOfReadOnce, yearOfWall, type Growth, type TrainingOfYear } from "./growth.ts";
export { lossSurface, type LossSurface, type Slopes } from "./loss-surface.ts";
export { chinchillaOptimum } from "../laws/chinchilla.ts";
export { bestTraining, flatRange, type ComputeBudget, type ExpectedTraining } from "./optimum.ts";
export { lossAgainstCompute, tokensByYear, type DrawnStock, type PlanChartOptions, type TokensOfYear } from "./plan-charts.ts";
export { planTraining, type DataLimits, type PlanRequest, type ServingPlan, type TrainingPlan } from "./plan.ts";
export { forecastWall, type GrowthRange, type WallForecast, type WallScenario } from "./scenarios.ts";
export { bestServed, cheapestServed, type ServedTraining, type ServingQuestion } from "./serving.ts";
export { publishedPlanningLaw, type FittedRange, type PlanIntervals, type PlanningLaw } from "./uncertainty.ts";
export { computeIfUnlimited, dataWall, shareOfReturns, type DataWall, type WallTerms } from "./wall.ts";
