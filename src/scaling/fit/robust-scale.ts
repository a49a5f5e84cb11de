import { median } from "./forms/form.ts";
import type { HuberObjective } from "./huber-objective.ts";

/**
 * E[ψ'] / E[ψ²] of the residuals, with ψ the derivative of Huber's loss: what an increase of the objective is multiplied
 * with to be judged as half a squared standard error. It is 1 / σ² for least squares.
 *
 * Where delta is smaller than the residuals, E[ψ'] is their density near zero, estimated with a kernel as wide as suits
 * normal residuals (Silverman 1986, equation 3.28). Each parameter takes one training's freedom.
 */
export function curvatureAt(objective: HuberObjective, optimum: Float64Array): number {
  const sizes = objective.residuals(optimum).map(Math.abs);
  const { delta, points } = objective;
  const freedom = Math.max(1, points - optimum.length);
  const width = Math.max(delta, 1.06 * residualScale(objective, optimum) * points ** -0.2);
  const within = sizes.filter((size) => size <= width).length;
  const slope = ((width > delta ? delta / width : 1) * Math.max(1, within - optimum.length)) / freedom;
  const square = sizes.reduce((sum, size) => sum + Math.min(size, delta) ** 2, 0) / freedom;
  return slope / square;
}

/** A standard deviation of the residuals that a few large ones do not raise: the median absolute one, times 1.4826, for as many freedoms as there are. */
export function residualScale(objective: HuberObjective, optimum: Float64Array): number {
  const sizes = objective.residuals(optimum).map(Math.abs);
  return 1.4826 * median(sizes) * Math.sqrt(objective.points / Math.max(1, objective.points - optimum.length));
}
