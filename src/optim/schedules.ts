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

/**
 * How the learning rate changes, as a share of its peak. `warmup`: steps over which it rises in a straight line. `final`: its
 * share when training ends. `decay`: the share of all steps that the way down to `final` takes. `after` and `every`: passes
 * over the data before it first falls, and between two falls; `factor`: what a fall multiplies it by. `minimum`: not a
 * share, but the lowest rate.
 */
export type Schedule =
  | { readonly kind: "constant"; readonly warmup: number }
  | { readonly kind: "linear" | "cosine"; readonly warmup: number; readonly final: number }
  | { readonly kind: "stable-decay"; readonly warmup: number; readonly decay: number; readonly final: number }
  | { readonly kind: "inverse-sqrt"; readonly warmup: number }
  | { readonly kind: "halving"; readonly after: number; readonly every: number }
  | { readonly kind: "step"; readonly after: number; readonly every: number; readonly factor: number }
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
    case "stable-decay": {
      // Warm-up, stable, decay: Hu et al. 2024, section 4, with a straight line down, which begins after the warm-up.
      const length = Math.max(1, Math.min(Math.round(schedule.decay * point.totalSteps), point.totalSteps - schedule.warmup));
      const left = Math.min(1, Math.max(0, (point.totalSteps - point.step) / length));
      return peak * Math.min(rise(next, schedule.warmup), schedule.final + (1 - schedule.final) * left);
    }
    case "inverse-sqrt":
      // Vaswani et al. 2017, eq. 3, with the peak stated instead of derived from the model's width.
      return peak * Math.min(rise(next, schedule.warmup), Math.sqrt(Math.max(1, schedule.warmup) / next));
    case "halving":
      // Sutskever et al. 2014, section 3.4: halved every half epoch once five epochs are over.
      return peak * 0.5 ** falls(schedule, point);
    case "step":
      return peak * schedule.factor ** falls(schedule, point);
    case "plateau":
      return Math.min(peak, Math.max(schedule.minimum, peak * schedule.factor ** point.reductions));
    default:
      return schedule satisfies never;
  }
}

function rise(next: number, warmup: number): number {
  return warmup === 0 ? 1 : Math.min(1, next / warmup);
}

/** How often the rate has fallen: first when `after` epochs are over. */
function falls({ after, every }: { readonly after: number; readonly every: number }, { epoch }: SchedulePoint): number {
  return Math.max(0, 1 + Math.floor((epoch - after) / every + 1e-9));
}
