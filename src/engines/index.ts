export type {
  CompileOptions, Engine, Executable, FeedData, Feeds, Fetches, NumericArray,
} from "./engine.ts";
export { onnx, type OnnxOptions } from "./onnx/engine.ts";
export { peakFlops } from "./peak.ts";
export { reference } from "./reference/engine.ts";
export { StateStore } from "./state-store.ts";
