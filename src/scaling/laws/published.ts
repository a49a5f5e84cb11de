import { chinchilla, type ChinchillaParameter } from "./chinchilla.ts";
import { dataConstrained, type DataConstrainedParameter } from "./data-constrained.ts";
import { kaplan, type KaplanParameter } from "./kaplan.ts";
import type { Law, LawParameters } from "./law.ts";

/** A law together with values of its parameters. */
export interface FittedLaw<Name extends string = string> {
  readonly law: Law<Name>;
  readonly parameters: LawParameters<Name>;
  /** Where the values are from. */
  readonly source: string;
}

/** Chinchilla as first published: the parametric fit of appendix D.3, rounded as there. */
const hoffmann: FittedLaw<ChinchillaParameter> = {
  law: chinchilla,
  parameters: { E: 1.69, A: 406.4, B: 410.7, alpha: 0.34, beta: 0.28 },
  source: "Hoffmann et al. 2022, equation 10",
};

/** The same trainings, read from the figures and fitted again until the optimiser had converged. */
const besiroglu: FittedLaw<ChinchillaParameter> = {
  law: chinchilla,
  parameters: { E: 1.8172, A: 482.01, B: 2085.43, alpha: 0.3478, beta: 0.3658 },
  source: "Besiroglu et al. 2024, \"Chinchilla scaling: a replication attempt\", table 1",
};

/** Trainings of fewer than 1.5 billion weights, embeddings not counted, tokens of GPT-2's vocabulary. */
const kaplan2020: FittedLaw<KaplanParameter> = {
  law: kaplan,
  parameters: { Nc: 6.4e13, Dc: 1.8e13, alphaN: 0.076, alphaD: 0.103 },
  source: "Kaplan et al. 2020, table 2",
};

/** The logarithms of E, A and B are those of the authors' code, whence more digits than in the paper. */
const muennighoff: FittedLaw<DataConstrainedParameter> = {
  law: dataConstrained,
  parameters: {
    E: Math.exp(0.6254804), A: Math.exp(6.255414), B: Math.exp(7.3049974), alpha: 0.3526596, beta: 0.3526596, RN: 5.309743, RD: 15.387756,
  },
  source: "Muennighoff et al. 2023, table 1 and huggingface/datablations",
};

/** Laws that can be named in place of a fit of one's own. */
export const publishedLaws = {
  "hoffmann-2022": hoffmann,
  "besiroglu-2024": besiroglu,
  "kaplan-2020": kaplan2020,
  "muennighoff-2023": muennighoff,
} as const;

export type PublishedLawName = keyof typeof publishedLaws;
