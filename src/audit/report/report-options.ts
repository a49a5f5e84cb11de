import type { CheckpointChoice } from "../../train/run/open-run.ts";
import type { ContaminationFindings, GeneralizationFindings, MemorizationFindings, ReportedExample } from "./audit-report.ts";

/** What examples of a language model's text are. */
export type TextUnit = "line" | "paragraph";

export interface ReportOptions {
  /** A trained run: a language model, a model that reads one sequence and writes another, or a phrase-based translator. */
  readonly run: string;
  readonly checkpoint?: CheckpointChoice | undefined;
  /** Text for a language model, else pairs (tab-separated, or .jsonl); by default what the run holds out. */
  readonly test?: string | undefined;
  /** Lines by default. */
  readonly unit?: TextUnit | undefined;
  /** The record of canaries in the training text. */
  readonly canaries?: string | undefined;
  /** A run of the same vocabulary that did not see the training data. */
  readonly reference?: string | undefined;
  /** Text whose extraction is measured, where a language model learned from a mixture. */
  readonly text?: string | undefined;
  /** What `decade audit generalization --json` has printed. */
  readonly generalization?: string | undefined;
  /** A phrase-based translator of the same languages. */
  readonly phrases?: string | undefined;
  /** Shown; 8 by default. */
  readonly examples?: number | undefined;
  /** Examples, pairs and stretches of text of each kind that are measured; 200 by default. */
  readonly samples?: number | undefined;
  /** Whether BLEU ignores case. */
  readonly lowercase?: boolean | undefined;
  readonly seed?: number | undefined;
  readonly threads?: number | undefined;
  readonly onProgress?: ((what: string, done: number, of: number) => void) | undefined;
}

/** What is found of a run, whatever its kind. */
export interface Findings {
  readonly contamination: ContaminationFindings;
  readonly memorization: MemorizationFindings;
  readonly gap?: GeneralizationFindings["gap"];
  readonly examples: readonly ReportedExample[];
  readonly notes: Readonly<Record<"contamination" | "memorization" | "generalization", readonly string[]>>;
}

export const [STANDARD_EXAMPLES, STANDARD_SAMPLES] = [8, 200];
