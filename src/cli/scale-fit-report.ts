/** What `decade scale fit` says: as figures for programs, and as text for people. */
import type { PageTable } from "../plot/index.ts";
import type { Analysis } from "../scaling/fit/analyse.ts";
import { growthExponents } from "../scaling/laws/chinchilla.ts";
import type { EnvelopeFit } from "../scaling/fit/approaches/envelope.ts";
import type { IsoflopBias, IsoflopFit } from "../scaling/fit/approaches/isoflop.ts";
import { percentileInterval } from "../metrics/quantile.ts";
import type { Allocation } from "../scaling/fit/approaches/power-fit.ts";
import type { Evaluation } from "../scaling/fit/evaluate.ts";
import type { Prediction } from "../scaling/fit/goodness.ts";
import { listed } from "../scaling/fit/identify.ts";
import type { Comparison } from "../scaling/fit/likelihood.ts";
import type { Interval } from "../scaling/laws/law-file.ts";
import type { LawParameters } from "../scaling/laws/law.ts";
import { flopsOf } from "../scaling/observation.ts";
import { table } from "./format.ts";

/** Ratios that are printed of a bias. */
const mostRatios = 8;

interface Further {
  readonly comparison: Comparison | undefined;
  readonly refusals: readonly string[];
  readonly projection: LawParameters | undefined;
  readonly bias: IsoflopBias | undefined;
  readonly repetitions: number;
}

export function fitFigures(analysis: Analysis, { comparison, refusals, projection, bias, repetitions }: Further): object {
  const { fit, level, intervals, bootstrapIntervals, loose, leftOut, heldOut } = analysis;
  const growth = growthOf(analysis);
  return {
    parameters: fit.parameters, intervals, objective: fit.value, r2: fit.r2, points: fit.objective.points,
    law: fit.law.name, formula: fit.law.formula, delta: fit.objective.delta, level, intervalMethod: "profile likelihood", condition: fit.condition, loose,
    ...(repetitions > 0 && { bootstrap: { repetitions, intervals: bootstrapIntervals } }),
    ...(growth !== undefined && { growth }),
    leaveOneOut: { meanAbsolutePercent: meanPercent(leftOut), largestPercent: largest(leftOut)?.percent },
    ...(heldOut.length > 0 && { heldOut: heldOut.map(({ interval, ...prediction }) => ({ ...predictionFigures(prediction), interval })) }),
    ...(comparison !== undefined && { comparison }), ...(refusals.length > 0 && { notCompared: refusals }),
    ...(projection !== undefined && { variableProjection: projection }), ...(bias !== undefined && { isoflopBias: bias }),
  };
}

function predictionFigures({ observation, predicted, percent }: Prediction): object {
  const { name, parameters, tokens, loss } = observation;
  return { ...(name !== undefined && { name }), parameters, tokens, flops: flopsOf(observation), loss, predicted, percent };
}

/** The exponents of the best size and data over compute, with the interval of the resampled fits where these differ. */
function growthOf({ fit, draws, level }: Analysis): { a: number; b: number; intervalOfA?: Interval } | undefined {
  const exponents = (parameters: LawParameters) => growthExponents({ alpha: parameters.alpha ?? NaN, beta: parameters.beta ?? NaN });
  if (!["chinchilla", "data-constrained"].includes(fit.law.name)) return undefined;
  const intervalOfA = percentileInterval(draws.map((draw) => exponents(draw).a), level);
  return { ...exponents(fit.parameters), ...(intervalOfA[0] < intervalOfA[1] && { intervalOfA }) };
}

export function describeFit(analysis: Analysis, comparison: Comparison | undefined, refusals: readonly string[]): string {
  const { fit, heldOut } = analysis;
  return [
    `${fit.law.name}: ${fit.law.formula}`, "",
    printed(parameterTable(analysis)), "",
    qualityOf(analysis),
    ...(heldOut.length === 0 ? [] : ["", "Set aside, of the most FLOPs:", printed(heldOutTable(analysis))]),
    ...(comparison === undefined ? [] : ["", printed(comparisonTable(comparison))]),
    "", fitNotes(analysis, comparison, refusals).join("\n"),
  ].join("\n");
}

/** What a reader of the fit should know, a sentence or two each. */
export function fitNotes(analysis: Analysis, comparison: Comparison | undefined, refusals: readonly string[]): string[] {
  const { loose, leftOut } = analysis;
  const growth = growthOf(analysis);
  const worst = largest(leftOut);
  return [
    ...(growth === undefined ? [] : [`The best size grows as C^${growth.a.toFixed(3)}${growth.intervalOfA === undefined ? "" : ` (${range(growth.intervalOfA)})`}, the best number of tokens as C^${growth.b.toFixed(3)}.`]),
    `Left out one by one, trainings are predicted to within ${meanPercent(leftOut).toFixed(2)} % on average, ${Math.abs(worst?.percent ?? 0).toFixed(2)} % at most${worst?.observation.name === undefined ? "" : ` (${worst.observation.name})`}.`,
    ...(loose.length === 0 ? [] : [`The data leave ${listed(loose)} loose: ${loose.length === 1 ? "its interval spans" : "their intervals span"} a factor of a hundred or both signs; fix ${loose.length === 1 ? "it" : "one"}, tie the exponents, or add trainings farther apart.`]),
    ...(comparison === undefined ? [] : [comparison.verdict]), ...refusals,
  ];
}

export function qualityOf({ fit: { objective, r2, value, condition } }: Analysis): string {
  return `${objective.points} trainings, R² ${r2.toFixed(4)}, objective ${value.toPrecision(6)} (Huber, delta ${objective.delta}), condition ${condition.toExponential(1)}`;
}

export function parameterTable({ fit, level, intervals }: Analysis): PageTable {
  return {
    headings: ["parameter", "value", `${100 * level} % interval`],
    rows: fit.law.parameterNames.map((name) => [name, digits(fit.parameters[name]), range(intervals[name])]), right: [1, 2],
  };
}

export function heldOutTable({ heldOut, level }: Analysis): PageTable {
  return {
    headings: ["training", "parameters", "tokens", "measured", "predicted", "error", `${100 * level} % interval`],
    rows: heldOut.map(({ observation, predicted, percent, interval }, at) => [
      observation.name ?? String(at + 1), observation.parameters.toPrecision(3), observation.tokens.toPrecision(3), observation.loss.toFixed(4), predicted.toFixed(4),
      `${percent >= 0 ? "+" : ""}${percent.toFixed(2)} %`, range(interval),
    ]),
    right: [1, 2, 3, 4, 5, 6],
  };
}

export function comparisonTable({ laws }: Comparison): PageTable {
  return {
    headings: ["law", "free", "log-likelihood", "AIC", "BIC", "AIC beyond the best"],
    rows: laws.map(({ law, freedoms, logLikelihood, aic, bic, aicDifference, standardError }) => [
      law, String(freedoms), logLikelihood.toFixed(2), aic.toFixed(2), bic.toFixed(2), `${aicDifference.toFixed(2)} ± ${(2 * standardError).toFixed(2)}`,
    ]),
    right: [1, 2, 3, 4, 5],
  };
}

export function evaluationFigures({ fitted, value, r2, points, delta, own }: Evaluation): object {
  return {
    parameters: fitted.parameters, intervals: {}, objective: value, r2, points, law: fitted.law.name, source: fitted.source, delta,
    ...(own !== undefined && { ownFit: { parameters: own.parameters, objective: own.value, r2: own.r2 } }),
  };
}

export function describeEvaluation(evaluation: Evaluation): string {
  const { fitted: { law }, points } = evaluation;
  return [`${law.name}: ${law.formula}`, "", printed(evaluationTable(evaluation)), "", `${points} trainings.`].join("\n");
}

/** Published or saved values beside those of the trainings' own fit. */
export function evaluationTable({ fitted, value, r2, own }: Evaluation): PageTable {
  const row = (name: string, known: number, fit: number | undefined) => [name, digits(known), ...(own === undefined ? [] : [digits(fit)])];
  return {
    headings: ["", fitted.source, ...(own === undefined ? [] : ["fit to the table"])],
    rows: [
      ...fitted.law.parameterNames.map((name) => row(name, fitted.parameters[name] ?? NaN, own?.parameters[name])),
      ["R²", r2.toFixed(4), ...(own === undefined ? [] : [own.r2.toFixed(4)])], row("objective", value, own?.value),
    ],
    right: [1, 2],
  };
}

function printed({ headings, rows, right }: PageTable): string {
  return table(headings, rows, right);
}

export type ApproachFit = { readonly points: number; readonly level: number } & (
  | ({ readonly approach: 1 } & EnvelopeFit) | ({ readonly approach: 2; readonly bias: IsoflopBias | undefined } & IsoflopFit)
);

export function approachFigures(fit: ApproachFit): object {
  const { approach, allocation, intervals, objective, r2, points, level } = fit;
  const { a, b, kN, kD } = allocation;
  return {
    parameters: { a, b, kN, kD }, intervals, objective, r2, points, approach, level,
    ...(fit.approach === 1 ? { curves: fit.curves.length } : {
      valleys: fit.valleys.map(({ flops, parameters, tokens, loss, curvature, isInside, trainings }) => ({ flops, parameters, tokens, loss, curvature, isInside, points: trainings.length })),
      leftOut: fit.leftOut, ...(fit.bias !== undefined && { bias: fit.bias }),
    }),
  };
}

export function describeApproach(fit: ApproachFit): string {
  const { points } = fit;
  return [
    ...approachNotes(fit), "",
    printed(allocationTable(fit)), "",
    ...(fit.approach === 1 ? [] : [printed(valleyTable(fit)), "", ...describeBias(fit.bias).flatMap((line) => [line, ""])]),
    `${points} rows${fit.approach === 2 && fit.leftOut > 0 ? `, of which ${fit.leftOut} at a compute with too few sizes or no valley were left out` : ""}.`,
  ].join("\n");
}

/** What was done, and the form of the power laws. */
export function approachNotes(fit: ApproachFit): string[] {
  const found = fit.approach === 1 ? `Approach 1: the lowest of ${fit.curves.length} training curves at each compute` : `Approach 2: parabolas through ${fit.valleys.length} IsoFLOP valleys`;
  return [found, "N = kN C^a, D = kD C^b"];
}

export function allocationTable({ allocation, intervals, level }: ApproachFit): PageTable {
  const names: readonly (keyof Allocation)[] = ["a", "b", "kN", "kD"];
  return { headings: ["parameter", "value", `${100 * level} % interval`], rows: names.map((name) => [name, digits(allocation[name]), range(intervals[name])]), right: [1, 2] };
}

export function valleyTable({ valleys }: Pick<IsoflopFit, "valleys">): PageTable {
  return {
    headings: ["compute", "trainings", "best size", "best tokens", "loss"],
    rows: valleys.map(({ flops, trainings, parameters, tokens, loss, isInside }) => [
      flops.toExponential(2), String(trainings.length), `${parameters.toExponential(3)}${isInside ? "" : " (beyond the sizes trained)"}`, tokens.toExponential(3), loss.toFixed(4),
    ]),
    right: [0, 1, 2, 3, 4],
  };
}

export function describeBias(bias: IsoflopBias | undefined): string[] {
  if (bias === undefined) return [];
  const { closedForm, recovered, sizeRatios } = bias;
  const ratios = sizeRatios.slice(0, mostRatios).map((ratio) => ratio.toFixed(3)).join(", ");
  return [
    `Bias of the approach, from losses of the law fitted to the same trainings, without noise: it makes a = ${recovered.a.toFixed(4)} of ${closedForm.a.toFixed(4)} (${signed(recovered.a - closedForm.a)}), and the best sizes ${ratios} times the law's own.`,
  ];
}

function signed(value: number): string {
  return `${value >= 0 ? "+" : ""}${value.toFixed(4)}`;
}

function meanPercent(predictions: readonly Prediction[]): number {
  return predictions.reduce((sum, { percent }) => sum + Math.abs(percent), 0) / predictions.length;
}

function largest(predictions: readonly Prediction[]): Prediction | undefined {
  return predictions.reduce<Prediction | undefined>((most, each) => (most === undefined || Math.abs(each.percent) > Math.abs(most.percent) ? each : most), undefined);
}

function digits(value: number | undefined): string {
  if (value === undefined) return "";
  return Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3 ? value.toExponential(4) : value.toPrecision(5);
}

/** `0.31 to 0.38`; nothing where there is no interval, as of a parameter that was given. */
function range(interval: Interval | undefined): string {
  if (interval === undefined) return "";
  const [low, high] = interval;
  return `${Number.isFinite(low) ? digits(low) : "unbounded"} to ${Number.isFinite(high) ? digits(high) : "unbounded"}`;
}
