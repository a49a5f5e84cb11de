import { constant, type Tensor } from "../graph/tensor.ts";
import { adamw, type AdamOptions } from "./adam.ts";
import type { HiddenMatrix } from "./hidden-matrices.ts";
import { ownVariable, read, type Optimizer, type Slope } from "./optimizer.ts";

export interface MuonOptions {
  /** Of the hidden matrices. */
  readonly learningRate: number;
  /** μ; 0.95 by default. */
  readonly momentum?: number;
  /** Decoupled decay of the hidden matrices: w ← w - α λ w; 0 by default. */
  readonly weightDecay?: number;
  /** What Muon updates; AdamW updates everything else. `hiddenMatrices(model)` lists those of a model. */
  readonly matrices: readonly HiddenMatrix[];
  /** AdamW of the rest. A schedule lowers its rate in the same proportion. */
  readonly adam: AdamOptions;
}

/** Coefficients of the odd polynomial of degree 5, and how often it is applied (Jordan 2024). */
const [A, B, C] = [3.4445, -4.775, 2.0315];
const ITERATIONS = 5;
const EPSILON = 1e-7;

/**
 * Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon), with Nesterov's momentum:
 *
 *     v ← μ v + g,   w ← w - α √max(1, output / input) · orthogonalize(g + μ v)
 *
 * for weights w [input, output]; each gate of an LSTM is a matrix of its own.
 */
export function muon({ learningRate, momentum = 0.95, weightDecay = 0, matrices, adam }: MuonOptions): Optimizer {
  const parts = new Map(matrices.map((matrix) => [matrix.variable.name, matrix.parts]));
  const rest = adamw(adam);
  return {
    update(slopes, rate = constant(learningRate)) {
      const isMatrix = ({ variable }: Slope): boolean => parts.has(variable.name);
      const others = slopes.filter((slope) => !isMatrix(slope));
      return [
        ...slopes.filter(isMatrix).flatMap(({ variable, gradient, scale }) => {
          const velocity = ownVariable(`muon.velocity.${variable.name}`, variable.shape);
          const slope = scale === undefined ? gradient : gradient.multiply(scale);
          const moved = read(velocity).multiply(momentum).add(slope);
          const direction = orthogonalParts(slope.add(moved.multiply(momentum)), parts.get(variable.name) ?? 1);
          const kept = weightDecay === 0 ? read(variable) : read(variable).multiply(constant(1).subtract(rate.multiply(weightDecay)));
          return [{ variable, value: kept.subtract(direction.multiply(rate)) }, { variable: velocity, value: moved }];
        }),
        ...(others.length === 0 ? [] : rest.update(others, rate.multiply(adam.learningRate / learningRate))),
      ];
    },
  };
}

/** Each of the matrices that lie side by side in [input, parts · output], orthogonalised and scaled. */
function orthogonalParts(matrix: Tensor, parts: number): Tensor {
  const [input, width] = [Number(matrix.dim(0)), Number(matrix.dim(1))];
  const output = width / parts;
  const scale = Math.sqrt(Math.max(1, output / input));
  if (parts === 1) return orthogonalize(matrix).multiply(scale);
  const apart = matrix.reshape([input, parts, output]).transpose([1, 0, 2]); // [parts, input, output]
  return orthogonalize(apart).multiply(scale).transpose([1, 0, 2]).reshape([input, width]);
}

/**
 * Brings the singular values of matrices [..., rows, columns] to about 1 and keeps their singular vectors: five steps of
 * x ← a x + (b x xᵀ + c (x xᵀ)²) x from x / ‖x‖. The published coefficients give up exactness (values above ‖x‖ / 200 end
 * between 0.68 and 1.16) for fast growth of small ones.
 */
export function orthogonalize(matrix: Tensor): Tensor {
  const isTall = Number(matrix.dim(-2)) > Number(matrix.dim(-1));
  const norm = matrix.square().sum([-2, -1], true).sqrt();
  let x = (isTall ? matrix.transpose() : matrix).divide(norm.add(EPSILON)); // rows ≤ columns: the small product below
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const gram = x.matmul(x.transpose());
    x = x.multiply(A).add(gram.multiply(B).add(gram.matmul(gram).multiply(C)).matmul(x));
  }
  return isTall ? x.transpose() : x;
}
