/** What the page and its worker tell each other. */
import type { EndReason, TextGenerationOptions } from "../../src/decode/language/generation-options.ts";
import type { OnnxWeights } from "../../src/exchange/onnx-files.ts";

export type ToWorker =
  /** Without weights, those of the most bits that the folder has. */
  | { readonly kind: "open"; readonly folder: string; readonly weights: OnnxWeights | undefined }
  | { readonly kind: "write"; readonly prompt: string; readonly options: TextGenerationOptions }
  | { readonly kind: "stop" };

export type ToPage =
  /** Bytes; a total of 0 is not known. */
  | { readonly kind: "loading"; readonly loaded: number; readonly total: number }
  | { readonly kind: "opened"; readonly facts: ModelFacts }
  /** New text, and the tokens and seconds that the text has taken so far. */
  | { readonly kind: "text"; readonly text: string; readonly tokens: number; readonly seconds: number }
  | { readonly kind: "finished"; readonly reason: EndReason | "stopped" }
  | { readonly kind: "failed"; readonly message: string };

export interface ModelFacts {
  readonly architecture: string;
  readonly layers: number;
  readonly dimension: number;
  readonly vocabulary: number;
  readonly context: number;
  readonly weights: OnnxWeights;
  /** Of the file. */
  readonly bytes: number;
  /** Kinds of weights that the folder has. */
  readonly available: readonly OnnxWeights[];
}
