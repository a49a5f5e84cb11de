import { constant } from "../graph/tensor.ts";
import { ownVariable, read, type Optimizer } from "./optimizer.ts";
import { inPieces } from "./pieces.ts";

/** Gradient descent, w ← w - α g; with momentum μ, v ← μ v + g, w ← w - α v (Sutskever et al. 2013, without Nesterov's step). */
export function sgd({ learningRate, momentum = 0 }: { learningRate: number; momentum?: number }): Optimizer {
  return {
    update: (slopes, rate = constant(learningRate)) => slopes.flatMap(({ variable, gradient, scale }) => {
      if (momentum === 0) {
        const [value] = inPieces([read(variable), gradient], ([w, g]) => (
          w && g ? [w.subtract(g.multiply(scale === undefined ? rate : rate.multiply(scale)))] : []));
        return value === undefined ? [] : [{ variable, value }];
      }
      const velocity = ownVariable(`momentum.${variable.name}`, variable.shape);
      const [value, next] = inPieces([read(variable), gradient, read(velocity)], ([w, g, v]) => {
        if (w === undefined || g === undefined || v === undefined) return [];
        const moved = v.multiply(momentum).add(scale === undefined ? g : g.multiply(scale));
        return [w.subtract(moved.multiply(rate)), moved];
      });
      return value === undefined || next === undefined ? [] : [{ variable, value }, { variable: velocity, value: next }];
    }),
  };
}
