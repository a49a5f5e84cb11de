import type { Figures } from "./step-programs.ts";

/** How much data a training has. */
export interface DataAmount {
  readonly training: number;
  readonly validation: number;
  readonly unit: "pairs" | "tokens" | "examples" | "problems";
}

/** What a training tells whoever watches it. */
export type TrainEvent =
  | { readonly kind: "notice"; readonly message: string }
  | {
    readonly kind: "started";
    readonly directory: string;
    readonly parameters: number;
    /** What is learned from, and what is judged on. */
    readonly amount: DataAmount;
    readonly step: number;
    readonly totalSteps: number;
  }
  | {
    readonly kind: "progress";
    readonly step: number;
    readonly totalSteps: number;
    /** Passes over the data so far, fractional. */
    readonly epoch: number;
    /** Nats a target token, as the figures a mean since the last line of the log. */
    readonly loss: number;
    readonly learningRate: number;
    readonly gradientNorm: number;
    /** Source and target tokens, padding excluded. */
    readonly tokensPerSecond: number;
    /** Model FLOPs utilisation, 0 to 1; where `training.mfu` asks for it. */
    readonly mfu?: number;
    readonly secondsLeft: number;
    /** What the task tells beside the loss. */
    readonly figures?: Figures;
  }
  | {
    readonly kind: "validation";
    readonly step: number;
    readonly epoch: number;
    /** Nats a target token. */
    readonly loss: number;
    readonly perplexity: number;
    readonly improved: boolean;
    /** The loss on all that was held out, where validations look at a part and this is the last. */
    readonly wholeLoss?: number;
    /** What the task tells in place of the loss, where it does. */
    readonly figures?: Figures | undefined;
  }
  | { readonly kind: "checkpoint"; readonly step: number; readonly path: string };
