/** Whether a model has seen its test, and how much of its training text it can repeat. */
export { AuditError } from "./audit-error.ts";
export { auditContamination, type ContaminationOptions, type ContaminationReport, type Flag, type FlagKind } from "./contamination/audit-contamination.ts";
export { candidateProbability, chooseBands, type Banding } from "./contamination/min-hash.ts";
