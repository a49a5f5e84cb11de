import type { Scale } from "../observation.ts";
import { chinchilla, type ChinchillaParameter } from "./chinchilla.ts";
import type { Law, LawParameters } from "./law.ts";

export type DataConstrainedParameter = ChinchillaParameter | "RN" | "RD";

/**
 * Chinchilla's law where tokens are seen again: what a repetition teaches decays, and so does what parameters add that
 * are more than the different tokens could fill.
 *
 * `L(N, D, U) = E + A / N'^alpha + B / D'^beta`, with
 * `D' = U + U·RD·(1 - exp(-(D/U - 1) / RD))` where D exceeds U, and D itself where not;
 * `N' = Un + Un·RN·(1 - exp(-(N/Un - 1) / RN))` where N exceeds `Un`, the best size for U tokens, and N itself where not.
 *
 * Muennighoff et al. 2023, "Scaling data-constrained language models", equations 5, 6 and 7; RD and RN are R*_D and R*_N there.
 */
export const dataConstrained: Law<DataConstrainedParameter> = {
  name: "data-constrained",
  formula: "L = E + A/N'^alpha + B/D'^beta, with D' = U + U RD (1 - exp(-(D/U - 1)/RD)), N' = Un + Un RN (1 - exp(-(N/Un - 1)/RN))",
  source: "Muennighoff et al. 2023, equations 5 to 7",
  parameterNames: ["E", "A", "B", "alpha", "beta", "RN", "RD"],
  loss: (parameters, scale) => chinchilla.loss(parameters, effectiveScale(parameters, scale)),
};

/** N' and D': the parameters and different tokens that would be worth as much. */
export function effectiveScale(law: LawParameters<DataConstrainedParameter>, { parameters, tokens, uniqueTokens = tokens }: Scale): Scale {
  return {
    parameters: discounted(parameters, optimalParameters(law, uniqueTokens), law.RN),
    tokens: discounted(tokens, uniqueTokens, law.RD),
  };
}

/**
 * The size of model that spends compute best together with so many different tokens: where one more per cent of either
 * costs the same and brings the same (Hoffmann et al. 2022, equation 4).
 */
export function optimalParameters({ A, B, alpha, beta }: LawParameters<ChinchillaParameter>, tokens: number): number {
  const ratio = ((alpha * A) / (beta * B)) ** (1 / (alpha + beta));
  return ratio * (ratio * tokens) ** (beta / alpha);
}

/** What `amount` is worth when only `base` of it is new, and the worth of the rest decays with its multiples. */
function discounted(amount: number, base: number, decay: number): number {
  const own = Math.min(amount, base);
  return own + own * decay * -Math.expm1(-(amount / own - 1) / decay);
}
