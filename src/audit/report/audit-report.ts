/** What an audit of a run has found, as figures. */
import type { ContaminationReport, Flag } from "../contamination/audit-contamination.ts";
import type { MemorizationReport } from "../memorization/audit-memorization.ts";
import type { GeneralizationFigures } from "./generalization-file.ts";

/** A figure with its 95% interval. */
export interface Estimate {
  readonly score: number;
  readonly lower: number;
  readonly upper: number;
  /** Examples, pairs or stretches that it is of. */
  readonly examples: number;
}

/** A logged step; what was not logged there is absent. */
export interface CurvePoint {
  readonly step: number;
  readonly loss?: number;
  readonly validationLoss?: number;
  /** On the validation pairs, 0 to 100. */
  readonly bleu?: number;
}

export interface RunFacts {
  readonly name: string;
  readonly path: string;
  /** The model's kind, as the configuration names it. */
  readonly kind: string;
  readonly parameters?: number;
  readonly phrasePairs?: number;
  /** Fields of the resolved configuration by their dotted paths. */
  readonly configuration: Readonly<Record<string, string | number | boolean>>;
  readonly curve: readonly CurvePoint[];
}

/** A test set, or one side of it, against the training text of the same side. */
export interface ContaminatedSide {
  /** `text`, `sources` or `targets`. */
  readonly side: string;
  readonly report: ContaminationReport;
}

/** Quality on examples that the training text holds in some form, and on the others. */
export interface PartQuality {
  /** What is measured, with its unit. */
  readonly measure: string;
  /** Of the measure, as it is shown. */
  readonly decimals: number;
  readonly clean?: Estimate;
  readonly contaminated?: Estimate;
}

export interface ContaminationFindings {
  /** What the test set is. */
  readonly test: string;
  readonly sides: readonly ContaminatedSide[];
  /** Examples of which some side is contaminated. */
  readonly contaminated: number;
  readonly quality?: PartQuality;
}

/** How much likelier what was trained on is than what was held out. */
export interface LossGap {
  /** Nats a token. */
  readonly training: Estimate;
  readonly heldOut: Estimate;
  /** The probability that something trained on has the lower loss; ½ tells nothing. */
  readonly auroc: number;
  readonly standardError: number;
  /** The same by the loss less that of a model that did not see the training data, where one was given. */
  readonly aurocAgainstReference?: number;
}

/** Shares of sources whose target a model gives word for word. */
export interface Reproduction {
  readonly training: Estimate;
  readonly heldOut: Estimate;
}

export interface MemorizationFindings {
  /** Of a language model. */
  readonly extraction?: Pick<MemorizationReport, "exposure" | "extraction" | "models" | "continuation" | "fits" | "membership">;
  /** Of a model that reads one sequence and writes another. */
  readonly reproduction?: Reproduction;
}

export interface GeneralizationFindings {
  readonly gap?: LossGap;
  /** Of `decade audit generalization`. */
  readonly tasks?: GeneralizationFigures;
}

/** By which phrases a phrase-based translator translates a sentence, and which of its phrases the table holds. */
export interface PhraseView {
  readonly output: string;
  /** In the order of the output. */
  readonly used: readonly { readonly source: string; readonly target: string; readonly held: boolean }[];
  /** By length from 1 up: how many phrases the sentence has, and how many of them the table holds. */
  readonly held: readonly { readonly words: number; readonly phrases: number; readonly held: number }[];
}

/** What of an example was found in the training text. */
export interface SeenText extends Flag {
  readonly side: string;
  /** The training document, cut to its first characters where it is long. */
  readonly text: string;
}

export interface ReportedExample {
  /** Of the test set, from 0. */
  readonly index: number;
  /** What was found of it in the training text. */
  readonly flags: readonly SeenText[];
  /** What the model was given. */
  readonly input: string;
  readonly reference: string;
  readonly output: string;
  readonly phrases?: PhraseView;
}

export interface AuditReport {
  readonly run: RunFacts;
  readonly contamination: ContaminationFindings;
  readonly memorization: MemorizationFindings;
  readonly generalization: GeneralizationFindings;
  readonly examples: readonly ReportedExample[];
  /** What could not be measured of this run, and why; by part. */
  readonly notes: Readonly<Record<"contamination" | "memorization" | "generalization", readonly string[]>>;
}
