export { defineSweep, resolveSweep, type Sweep, type SweepInput } from "./sweep-schema.ts";
export { loadSweep } from "./load-sweep.ts";
export { planSweep, type PlannedTraining } from "./design.ts";
export { sobolPoints } from "./low-discrepancy.ts";
export { findRuns, trainRuns, writeTables, type RunOptions, type SweepRun } from "./sweep-runs.ts";
export { trainingHash, Fingerprints } from "./training-hash.ts";
