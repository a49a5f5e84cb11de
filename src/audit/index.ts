/** Whether a model has seen its test, and how much of its training text it can repeat. */
export { AuditError } from "./audit-error.ts";
export { auditContamination, type ContaminationOptions, type ContaminationReport, type Flag, type FlagKind } from "./contamination/audit-contamination.ts";
export type { PartScore, ScoreComparison } from "./contamination/compare-scores.ts";
export type { Removal } from "./contamination/removal/remove-overlaps.ts";
export { candidateProbability, chooseBands, type Banding } from "./contamination/min-hash.ts";
export { auditMemorization, type MemorizationOptions, type MemorizationReport } from "./memorization/audit-memorization.ts";
export { DEFAULT_FORMAT, insertCanaries, parseCanaryRecord, type Canary, type CanaryOptions, type CanaryRecord } from "./memorization/canaries.ts";
export { measureExposure, type CanaryExposure, type ExposureOptions } from "./memorization/exposure.ts";
export { extractionChart, type ExtractionChartOptions } from "./memorization/extraction-chart.ts";
export { measureExtraction, type Extraction, type ExtractionCell, type ExtractionModel, type ExtractionOfModel, type ExtractionOptions, type ExtractionVariable } from "./memorization/extraction.ts";
export type { AuditReport } from "./report/audit-report.ts";
export { auditRun } from "./report/audit-run.ts";
export type { ReportOptions } from "./report/report-options.ts";
export { reportPage } from "./report/report-page.ts";
export { measureMembership, type Membership, type MembershipOptions } from "./memorization/membership.ts";
