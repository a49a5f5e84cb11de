import type { Law } from "./law.ts";

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
