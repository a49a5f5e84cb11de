export { adam, adamw, type AdamOptions } from "./adam.ts";
export { slopes, type Optimizer, type Slope } from "./optimizer.ts";
export { sgd } from "./sgd.ts";
export { learningRate, type Schedule, type SchedulePoint } from "./schedules.ts";
export { hiddenMatrices, type HiddenMatrix } from "./hidden-matrices.ts";
export { muon, orthogonalize, type MuonOptions } from "./muon.ts";
