import type { Law, LawParameters } from "./law.ts";

export type ChinchillaParameter = "E" | "A" | "B" | "alpha" | "beta";

/**
 * Loss as an irreducible part, a part that falls with the model's size, and one that falls with the tokens trained on.
 *
 * `L(N, D) = E + A / N^alpha + B / D^beta`
 *
 * Hoffmann et al. 2022, "Training compute-optimal large language models", equation 2.
 */
export const chinchilla: Law<ChinchillaParameter> = {
  name: "chinchilla",
  formula: "L = E + A/N^alpha + B/D^beta",
  source: "Hoffmann et al. 2022, equation 2",
  parameterNames: ["E", "A", "B", "alpha", "beta"],
  loss: ({ E, A, B, alpha, beta }, { parameters, tokens }) => E + A / parameters ** alpha + B / tokens ** beta,
};

/**
 * Chinchilla's optimum for unlimited data in closed form: `N = G (C/6)^(β/(α+β))`, `D = (C/6)^(α/(α+β)) / G`, with
 * `G = (αA / βB)^(1/(α+β))`.
 *
 * Hoffmann et al. 2022, equation 4.
 */
export function chinchillaOptimum(law: LawParameters<ChinchillaParameter>, compute: number): { parameters: number; tokens: number; loss: number } {
  const { A, B, alpha, beta } = law;
  const ratio = (alpha * A / (beta * B)) ** (1 / (alpha + beta));
  const parameters = ratio * (compute / 6) ** (beta / (alpha + beta));
  const tokens = (compute / 6) ** (alpha / (alpha + beta)) / ratio;
  return { parameters, tokens, loss: chinchilla.loss(law, { parameters, tokens }) };
}

/** With which powers of compute the best size and the best amount of data grow, by a law with Chinchilla's exponents. */
export function growthExponents({ alpha, beta }: Pick<LawParameters<ChinchillaParameter>, "alpha" | "beta">): { readonly a: number; readonly b: number } {
  return { a: beta / (alpha + beta), b: alpha / (alpha + beta) };
}
