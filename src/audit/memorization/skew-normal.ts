/** The skew normal distribution (Azzalini 1985), with tails that are exact where probabilities are far below 2⁻⁵². */
import cephes from "cephes";

export interface SkewNormal {
  readonly location: number;
  readonly scale: number;
  readonly shape: number;
}

/** The largest skewness of samples that the method of moments takes; the distribution's own is below 0.9953. */
const MOST_SKEWNESS = 0.99;

/** Fitted by the first three moments. @throws RangeError where the samples are fewer than 3 or all the same */
export function fitSkewNormal(samples: readonly number[]): SkewNormal {
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
  const moment = (power: number): number => samples.reduce((sum, value) => sum + (value - mean) ** power, 0) / samples.length;
  const deviation = Math.sqrt(moment(2));
  if (samples.length < 3 || !(deviation > 0)) throw new RangeError(`A skew normal distribution was to be fitted to ${samples.length} samples of deviation ${deviation}; at least 3 that differ are needed.`);
  const skewness = Math.max(-MOST_SKEWNESS, Math.min(MOST_SKEWNESS, moment(3) / deviation ** 3));
  const root = Math.abs(skewness) ** (2 / 3);
  const delta = Math.sign(skewness) * Math.sqrt((Math.PI / 2) * root / (root + ((4 - Math.PI) / 2) ** (2 / 3)));
  const scale = deviation / Math.sqrt(1 - 2 * delta ** 2 / Math.PI);
  return { location: mean - scale * delta * Math.sqrt(2 / Math.PI), scale, shape: delta / Math.sqrt(1 - delta ** 2) };
}

/** ln of the probability of a value of at most `x`. */
export async function logCumulative({ location, scale, shape }: SkewNormal, x: number): Promise<number> {
  await cephes.compiled;
  const end = (x - location) / scale;
  // ∫ of 2 φ(z) Φ(shape·z) up to `end`, relative to its largest value there, by Simpson's rule.
  const logDensity = (z: number): number => Math.LN2 - 0.5 * z * z - 0.5 * Math.log(2 * Math.PI) + logNormalCumulative(shape * z);
  const steps = 4000;
  // Left of `end` the density falls at least at this rate, where it falls.
  const rate = Math.max(1, -end * (1 + Math.max(0, shape) ** 2));
  const width = end < 0 ? Math.min(12, 60 / rate) : end + 12;
  const logs = Array.from({ length: steps + 1 }, (_, at) => logDensity(end - (at * width) / steps));
  const most = Math.max(...logs);
  const sum = logs.reduce((total, log, at) => total + Math.exp(log - most) * (at === 0 || at === steps ? 1 : at % 2 === 1 ? 4 : 2), 0);
  return Math.min(0, most + Math.log(sum * width / (3 * steps)));
}

/** ln Φ(z), once the library has started. */
function logNormalCumulative(z: number): number {
  // Φ is 1 to the last digit here, and cephes refuses what underflows.
  if (z > 10) return 0;
  if (z > -20) return Math.log(0.5 * cephes.erfc(-z / Math.SQRT2));
  // φ(z)/|z| · (1 − 1/z² + 3/z⁴ − 15/z⁶), exact to 10⁻⁸ here
  const square = z * z;
  return -0.5 * square - Math.log(-z) - 0.5 * Math.log(2 * Math.PI) + Math.log1p(-1 / square + 3 / square ** 2 - 15 / square ** 3);
}
