/** Laws as planning sees them: the loss at a size, an amount of training and a stock of data, and what more of each brings. */
import { chinchilla, type ChinchillaParameter } from "../laws/chinchilla.ts";
import { dataConstrained, optimalParameters, type DataConstrainedParameter } from "../laws/data-constrained.ts";
import { kaplan, type KaplanParameter } from "../laws/kaplan.ts";
import type { Law, LawParameters } from "../laws/law.ts";
import type { FittedLaw } from "../laws/published.ts";
import type { Scale } from "../observation.ts";
import { ScalingError } from "../scaling-error.ts";

/** What one more per cent brings: derivatives of the loss by ln N and by ln D, in nats a token; never above 0. */
export interface Slopes {
  readonly parameters: number;
  readonly tokens: number;
}

/**
 * The loss over N, D and U. `uniqueTokens` of a scale is the stock there is to train on, without end where left out; a
 * training of fewer tokens than the stock sees a part of it once.
 */
export interface LossSurface {
  /** Whether the law says what a repetition is worth. Where it does not, tokens seen again teach nothing. */
  readonly knowsRepetition: boolean;
  /** Nats a token; N and D may be without end where U has one. */
  loss(scale: Scale): number;
  slopes(scale: Scale): Slopes;
}

/**
 * The surface of a law of N and D at its values.
 *
 * @throws ScalingError when the law depends on one variable alone, so that it says nothing about how to share compute
 */
export function lossSurface(fitted: FittedLaw): LossSurface {
  if (isFitOf(fitted, chinchilla)) return chinchillaSurface(fitted.parameters);
  if (isFitOf(fitted, dataConstrained)) return dataConstrainedSurface(fitted.parameters);
  if (isFitOf(fitted, kaplan)) return kaplanSurface(fitted.parameters);
  throw new ScalingError(`The law ${fitted.law.name} (${fitted.law.formula}) does not say what parameters and tokens are each worth, so that compute cannot be shared between them; plan with a law of both: chinchilla, data-constrained or kaplan.`);
}

export function isFitOf<Name extends string>(fitted: FittedLaw, law: Law<Name>): fitted is FittedLaw<Name> {
  return fitted.law.name === law.name;
}

function chinchillaSurface(law: LawParameters<ChinchillaParameter>): LossSurface {
  return readOnce(
    (scale) => chinchilla.loss(law, scale),
    ({ parameters, tokens }) => ({ parameters: -law.alpha * law.A / parameters ** law.alpha, tokens: -law.beta * law.B / tokens ** law.beta }),
  );
}

function kaplanSurface(law: LawParameters<KaplanParameter>): LossSurface {
  const { Nc, Dc, alphaN, alphaD } = law;
  return readOnce((scale) => kaplan.loss(law, scale), ({ parameters, tokens }) => {
    const [ofModel, ofData] = [(Nc / parameters) ** (alphaN / alphaD), Dc / tokens];
    const outer = (ofModel + ofData) ** (alphaD - 1);
    return { parameters: -alphaN * ofModel * outer, tokens: -alphaD * ofData * outer };
  });
}

/** A law without repetition: tokens beyond the stock change nothing. */
function readOnce(loss: (scale: Scale) => number, slopes: (scale: Scale) => Slopes): LossSurface {
  const seen = ({ parameters, tokens, uniqueTokens = Infinity }: Scale): Scale => ({ parameters, tokens: Math.min(tokens, uniqueTokens) });
  return {
    knowsRepetition: false,
    loss: (scale) => loss(seen(scale)),
    slopes: (scale) => {
      const inside = slopes(seen(scale));
      return scale.tokens > (scale.uniqueTokens ?? Infinity) ? { ...inside, tokens: 0 } : inside;
    },
  };
}

function dataConstrainedSurface(law: LawParameters<DataConstrainedParameter>): LossSurface {
  const { A, B, alpha, beta, RN, RD } = law;
  // Muennighoff et al. 2023, section 3.1: the different tokens that are used are min(U, D).
  const used = ({ tokens, uniqueTokens = Infinity }: Scale): number => Math.min(tokens, uniqueTokens);
  return {
    knowsRepetition: true,
    loss: ({ parameters, tokens, ...scale }) => dataConstrained.loss(law, { parameters, tokens, uniqueTokens: used({ parameters, tokens, ...scale }) }),
    slopes: (scale) => {
      const unique = used(scale);
      const filled = optimalParameters(law, unique);
      const model = worth(scale.parameters / filled, RN);
      const data = worth(scale.tokens / unique, RD);
      const ofModel = alpha * A / (filled * model.multiple) ** alpha;
      const ofData = beta * B / (unique * data.multiple) ** beta;
      if (scale.tokens > unique) return { parameters: -ofModel * model.elasticity, tokens: -ofData * data.elasticity };
      // While every token is new, more of them also fill a larger model: Un grows as D^(beta/alpha).
      return { parameters: -ofModel * model.elasticity, tokens: -ofData - ofModel * (1 - model.elasticity) * beta / alpha };
    },
  };
}

/**
 * What an amount is worth of which 1 is new and the rest repeats it: its worth, as a multiple of what is new, and by how
 * many per cent that grows with one more per cent of the amount.
 */
function worth(amount: number, decay: number): { multiple: number; elasticity: number } {
  if (amount <= 1) return { multiple: amount, elasticity: 1 };
  const left = Math.exp(-(amount - 1) / decay);
  const multiple = 1 + decay * (1 - left);
  return { multiple, elasticity: amount * left / multiple };
}
