import { minimise } from "../../scaling/fit/lbfgs.ts";

/** σ(bias + Σ weight · (feature − mean) / deviation): the probability of the positive class. */
export interface LogisticRegression {
  readonly bias: number;
  readonly weights: Float64Array;
  /** Of each feature over the rows that it was fitted to. */
  readonly means: Float64Array;
  /** 1 for features that do not vary. */
  readonly deviations: Float64Array;
}

export interface LogisticRegressionOptions {
  /** λ of λ/2 ‖weights‖² beside the summed logistic loss, the bias left free; 1 by default. */
  readonly penalty?: number;
}

/**
 * The weights of least logistic loss, features standardised and weights held small (ridge; le Cessie and van Houwelingen 1992).
 *
 * @param rows [rows][features]
 * @throws RangeError without rows, or where their numbers of features or of labels differ
 */
export function fitLogisticRegression(rows: readonly ArrayLike<number>[], labels: readonly boolean[], { penalty = 1 }: LogisticRegressionOptions = {}): LogisticRegression {
  const features = rows[0]?.length ?? 0;
  if (rows.length === 0 || rows.length !== labels.length) throw new RangeError(`${rows.length} rows and ${labels.length} labels were given; each row has one label, and there is at least one.`);
  const odd = rows.find((row) => row.length !== features);
  if (odd !== undefined) throw new RangeError(`A row has ${odd.length} features, but the first has ${features}; all need the same.`);
  const scale = scaleOf(rows, features);
  const standard = rows.map((row) => standardise(row, scale));
  // The parameters are the weights and then the bias.
  const { point } = minimise((parameters, gradient) => {
    const weights = parameters.subarray(0, features);
    let loss = 0;
    gradient.fill(0);
    standard.forEach((row, at) => {
      const logOdds = (parameters[features] ?? 0) + dot(weights, row);
      const label = Number(labels[at]);
      loss += Math.max(logOdds, 0) - logOdds * label + Math.log1p(Math.exp(-Math.abs(logOdds)));
      const slope = sigmoid(logOdds) - label;
      for (let feature = 0; feature < features; feature++) gradient[feature] = (gradient[feature] ?? 0) + slope * (row[feature] ?? 0);
      gradient[features] = (gradient[features] ?? 0) + slope;
    });
    for (let feature = 0; feature < features; feature++) gradient[feature] = (gradient[feature] ?? 0) + penalty * (weights[feature] ?? 0);
    return loss + (penalty / 2) * dot(weights, weights);
  }, new Float64Array(features + 1));
  return { bias: point[features] ?? 0, weights: point.slice(0, features), ...scale };
}

/** The probability of the positive class for a row of features. */
export function predict({ bias, weights, ...scale }: LogisticRegression, row: ArrayLike<number>): number {
  return sigmoid(bias + dot(weights, standardise(row, scale)));
}

type Scale = Pick<LogisticRegression, "means" | "deviations">;

function scaleOf(rows: readonly ArrayLike<number>[], features: number): Scale {
  const mean = (of: (row: ArrayLike<number>) => number): number => rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
  const means = Float64Array.from({ length: features }, (_, feature) => mean((row) => row[feature] ?? NaN));
  const deviations = means.map((center, feature) => Math.sqrt(mean((row) => ((row[feature] ?? NaN) - center) ** 2)) || 1);
  return { means, deviations };
}

function standardise(row: ArrayLike<number>, { means, deviations }: Scale): Float64Array {
  return means.map((mean, feature) => ((row[feature] ?? NaN) - mean) / (deviations[feature] ?? 1));
}

function sigmoid(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
