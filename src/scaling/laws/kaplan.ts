import type { Law } from "./law.ts";

export type KaplanParameter = "Nc" | "Dc" | "alphaN" | "alphaD";

/**
 * Loss as one power of model and data together, with no irreducible part.
 *
 * `L(N, D) = ((Nc / N)^(alphaN / alphaD) + Dc / D)^alphaD`
 *
 * Kaplan et al. 2020, "Scaling laws for neural language models", equation 1.5; N counts no embeddings there.
 */
export const kaplan: Law<KaplanParameter> = {
  name: "kaplan",
  formula: "L = ((Nc/N)^(alphaN/alphaD) + Dc/D)^alphaD",
  source: "Kaplan et al. 2020, equation 1.5",
  parameterNames: ["Nc", "Dc", "alphaN", "alphaD"],
  loss: ({ Nc, Dc, alphaN, alphaD }, { parameters, tokens }) => ((Nc / parameters) ** (alphaN / alphaD) + Dc / tokens) ** alphaD,
};
