/** Where training stands, as a schedule sees it. */
export interface SchedulePoint {
  /** Optimiser steps taken before this one. */
  readonly step: number;
  /** Steps of the whole training. */
  readonly totalSteps: number;
  /** Passes over the data so far, fractional. */
  readonly epoch: number;
  /** Times that a plateau has lowered the rate. */
  readonly reductions: number;
}

export type Schedule =
  | { readonly kind: "constant"; readonly warmup: number }
  | { readonly kind: "linear" | "cosine"; readonly warmup: number; readonly final: number }
  | { readonly kind: "inverse-sqrt"; readonly warmup: number }
  | { readonly kind: "halving"; readonly after: number; readonly every: number }
  | { readonly kind: "plateau"; readonly factor: number; readonly minimum: number };

/** The learning rate of the next step, given its peak. */
export function learningRate(schedule: Schedule, peak: number, point: SchedulePoint): number {
  const next = point.step + 1;
  switch (schedule.kind) {
    case "constant":
      return peak * rise(next, schedule.warmup);
    case "linear":
    case "cosine": {
      if (next <= schedule.warmup) return peak * rise(next, schedule.warmup);
      const length = Math.max(1, point.totalSteps - schedule.warmup);
      const share = Math.min(1, (point.step - schedule.warmup) / length);
      const left = schedule.kind === "linear" ? 1 - share : (1 + Math.cos(Math.PI * share)) / 2;
      return peak * (schedule.final + (1 - schedule.final) * left);
    }
    case "inverse-sqrt":
      // Vaswani et al. 2017, eq. 3, with the peak stated instead of derived from the model's width.
      return peak * Math.min(rise(next, schedule.warmup), Math.sqrt(Math.max(1, schedule.warmup) / next));
    case "halving":
      // Sutskever et al. 2014, section 3.4: halved every half epoch once five epochs are over.
      return peak * 0.5 ** Math.max(0, 1 + Math.floor((point.epoch - schedule.after) / schedule.every + 1e-9));
    case "plateau":
      return Math.min(peak, Math.max(schedule.minimum, peak * schedule.factor ** point.reductions));
    default:
      return schedule satisfies never;
  }
}

function rise(next: number, warmup: number): number {
  return warmup === 0 ? 1 : Math.min(1, next / warmup);
}
