import { dataConstrained } from "../../laws/data-constrained.ts";
import type { Scale } from "../../observation.ts";
import { dataConstrainedStarts } from "./data-constrained-starts.ts";
import { logarithms, type LawForm, type LogLoss } from "./form.ts";

/** Chinchilla's law at the sizes and tokens that count, of which those beyond the data decay. */
export const dataConstrainedForm: LawForm = {
  law: dataConstrained,
  kinds: ["log", "log", "log", "linear", "linear", "log", "log"],
  exponents: ["alpha", "beta"],
  bind,
  starts: dataConstrainedStarts,
};

function bind(scales: readonly Scale[]): LogLoss {
  const sizes = Float64Array.from(scales, ({ parameters }) => parameters);
  const tokens = Float64Array.from(scales, (scale) => scale.tokens);
  const uniques = Float64Array.from(scales, (scale) => Math.min(scale.uniqueTokens ?? scale.tokens, scale.tokens));
  const different = logarithms(scales.map((scale) => scale.uniqueTokens ?? scale.tokens));
  const logN = sizes.map(Math.log);
  return (point, coordinates, gradient) => {
    const [e, a, b, alpha, beta] = [coordinates[0] ?? 0, coordinates[1] ?? 0, coordinates[2] ?? 0, coordinates[3] ?? 0, coordinates[4] ?? 0];
    const [decayN, decayD] = [Math.exp(coordinates[5] ?? 0), Math.exp(coordinates[6] ?? 0)];

    // log Un = q (1 + r) + r log U, with q = log(alpha A / (beta B)) / (alpha + beta) and r = beta / alpha.
    const [total, r, u] = [alpha + beta, beta / alpha, different[point] ?? 0];
    const q = (Math.log(alpha / beta) + a - b) / total;
    const logUn = q * (1 + r) + r * u;
    const n = logN[point] ?? 0;
    const size = sizes[point] ?? 0;

    // Of log N': its value, and its derivatives by log Un and log RN.
    let [logSize, byUn, byRN] = [n, 0, 0];
    if (n > logUn) {
      const excess = Math.exp(n - logUn) - 1;
      const left = Math.exp(-excess / decayN);
      const worth = 1 + decayN * -Math.expm1(-excess / decayN);
      logSize = logUn + Math.log(worth);
      byUn = 1 - (left * (excess + 1)) / worth;
      byRN = (decayN * -Math.expm1(-excess / decayN) - excess * left) / worth;
    }

    const unique = uniques[point] ?? 0;
    const repeated = (tokens[point] ?? 0) / unique - 1;
    const leftD = Math.exp(-repeated / decayD);
    const worthD = 1 + decayD * -Math.expm1(-repeated / decayD);
    const logData = Math.log(unique * worthD);
    const byRD = (decayD * -Math.expm1(-repeated / decayD) - repeated * leftD) / worthD;

    const [ofSize, ofData] = [a - alpha * logSize, b - beta * logData];
    const largest = Math.max(e, ofSize, ofData);
    const [x, y, z] = [Math.exp(e - largest), Math.exp(ofSize - largest), Math.exp(ofData - largest)];
    const sum = x + y + z;
    const [shareN, shareD] = [y / sum, z / sum];
    const throughUn = -alpha * shareN * byUn;
    const dq = (1 + r) / total;
    gradient[0] = x / sum;
    gradient[1] = shareN + throughUn * dq;
    gradient[2] = shareD - throughUn * dq;
    gradient[3] = -shareN * logSize + throughUn * ((1 / alpha - q) * dq - ((q + u) * r) / alpha);
    gradient[4] = -shareD * logData + throughUn * ((-1 / beta - q) * dq + (q + u) / alpha);
    gradient[5] = size === 0 ? 0 : -alpha * shareN * byRN;
    gradient[6] = -beta * shareD * byRD;
    return largest + Math.log(sum);
  };
}
