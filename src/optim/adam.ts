import { constant, type Tensor } from "../graph/tensor.ts";
import { ownVariable, read, type Optimizer } from "./optimizer.ts";
import { inPieces } from "./pieces.ts";

export interface AdamOptions {
  readonly learningRate: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Decoupled decay of matrices (not of vectors): w ← w - α λ w (Loshchilov and Hutter 2019). */
  readonly weightDecay?: number;
}

/**
 * Adam (Kingma and Ba 2015, algorithm 1): m ← β₁ m + (1-β₁) g, v ← β₂ v + (1-β₂) g²,
 * w ← w - α m̂ / (√v̂ + ε) with m̂ = m / (1-β₁ᵗ), v̂ = v / (1-β₂ᵗ).
 */
export function adam({ learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 }: AdamOptions): Optimizer {
  return {
    update(slopes, rate = constant(learningRate)) {
      const steps = ownVariable("adam.steps", []);
      const step = read(steps).add(1);
      const correct1 = constant(1).subtract(constant(beta1).power(step)).reciprocal();
      const correct2 = constant(1).subtract(constant(beta2).power(step)).reciprocal();
      // α m̂ / (√v̂ + ε) = m / (√v · stretch + offset): one operation less over all weights.
      const stepSize = rate.multiply(correct1).maximum(1e-30); // a rate of 0 would make 0 · ∞ of a weight without gradient
      const stretch = correct2.sqrt().divide(stepSize);
      const offset = stepSize.reciprocal().multiply(epsilon);
      const updates = slopes.flatMap(({ variable, gradient, scale = constant(1) }) => {
        const mean = ownVariable(`adam.mean.${variable.name}`, variable.shape);
        const square = ownVariable(`adam.square.${variable.name}`, variable.shape);
        const decay = variable.shape.length > 1 ? weightDecay : 0;
        const [value, nextMean, nextSquare] = inPieces(
          [read(variable), gradient, read(mean), read(square)],
          ([w, g, m, v]) => {
            if (w === undefined || g === undefined || m === undefined || v === undefined) return [];
            const m1 = m.multiply(beta1).add(g.multiply(scale.multiply(1 - beta1)));
            const v1 = v.multiply(beta2).add(g.square().multiply(scale.square().multiply(1 - beta2)));
            const kept: Tensor = decay === 0 ? w : w.multiply(constant(1).subtract(rate.multiply(decay)));
            return [kept.subtract(m1.divide(v1.sqrt().multiply(stretch).add(offset))), m1, v1];
          },
        );
        if (value === undefined || nextMean === undefined || nextSquare === undefined) return [];
        return [{ variable, value }, { variable: mean, value: nextMean }, { variable: square, value: nextSquare }];
      });
      return [...updates, { variable: steps, value: step }];
    },
  };
}

/** Adam with decoupled weight decay of 0.01 unless stated. */
export function adamw(options: AdamOptions): Optimizer {
  return adam({ weightDecay: 0.01, ...options });
}
