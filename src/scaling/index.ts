export { ScalingError } from "./scaling-error.ts";
export { observationsOf, readObservations, type ObservationColumns, type TableObservation } from "./table/observations.ts";
export { parseTable, readTable, Table, type TableRow } from "./table/table.ts";
export * from "./slopes/index.ts";
export * from "./sweep/index.ts";
export * from "./planning/index.ts";
