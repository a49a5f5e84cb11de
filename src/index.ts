/** Everything that most programs need; each room is also to be had alone: `decade/graph`, `decade/nn`, … */
export * from "./graph/index.ts";
export * from "./engines/index.ts";
export * from "./nn/index.ts";
export * from "./models/index.ts";
export * from "./optim/index.ts";
export * from "./text/index.ts";
export * from "./data/index.ts";
export * from "./plot/index.ts";
export * from "./metrics/index.ts";
export * from "./decode/index.ts";
export * from "./exchange/index.ts";
export * from "./train/index.ts";
export * from "./parallel/index.ts";
export * from "./scaling/index.ts";
export * from "./think/index.ts";
export * from "./phrase/index.ts";
export * from "./audit/index.ts";
