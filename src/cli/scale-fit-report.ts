/** What `decade scale fit` says: as figures for programs, and as text for people. */
import { growthExponents, type Analysis } from "../scaling/fit/analyse.ts";
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

/** From this part of the loss on, a scatter is worth a word. */
const largestShown = 8;

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

/** The exponents of the best size and data over compute, with the intervals of the resampled fits. */
function growthOf({ fit, draws, level }: Analysis): { a: number; b: number; intervalOfA?: Interval } | undefined {
  const exponents = (parameters: LawParameters) => growthExponents({ alpha: parameters.alpha ?? NaN, beta: parameters.beta ?? NaN });
  if (!["chinchilla", "data-constrained"].includes(fit.law.name)) return undefined;
  return { ...exponents(fit.parameters), ...(draws.length > 0 && { intervalOfA: percentileInterval(draws.map((draw) => exponents(draw).a), level) }) };
}

export function describeFit(analysis: Analysis, comparison: Comparison | undefined, refusals: readonly string[]): string {
  const { fit, level, intervals, loose, leftOut, heldOut } = analysis;
  const names = fit.law.parameterNames;
  const rows = names.map((name) => [name, digits(fit.parameters[name]), range(intervals[name])]);
  const growth = growthOf(analysis);
  const worst = largest(leftOut);
  const notes = [
    ...(growth === undefined ? [] : [`The best size grows as C^${growth.a.toFixed(3)}${growth.intervalOfA === undefined ? "" : ` (${range(growth.intervalOfA)})`}, the best number of tokens as C^${growth.b.toFixed(3)}.`]),
    `Left out one by one, trainings are predicted to within ${meanPercent(leftOut).toFixed(2)} % on average, ${Math.abs(worst?.percent ?? 0).toFixed(2)} % at most${worst?.observation.name === undefined ? "" : ` (${worst.observation.name})`}.`,
    ...(loose.length === 0 ? [] : [`The data leave ${listed(loose)} loose: ${loose.length === 1 ? "its interval spans" : "their intervals span"} a factor of a hundred or both signs; fix ${loose.length === 1 ? "it" : "one"}, tie the exponents, or add trainings farther apart.`]),
    ...(comparison === undefined ? [] : [comparison.verdict]), ...refusals,
  ];
  return [
    `${fit.law.name}: ${fit.law.formula}`, "",
    table(["parameter", "value", `${100 * level} % interval`], rows, [1, 2]), "",
    `${fit.objective.points} trainings, R² ${fit.r2.toFixed(4)}, objective ${fit.value.toPrecision(6)} (Huber, delta ${fit.objective.delta}), condition ${fit.condition.toExponential(1)}`,
    ...(heldOut.length === 0 ? [] : ["", "Set aside, of the most FLOPs:", predictionTable(analysis)]),
    ...(comparison === undefined ? [] : ["", comparisonTable(comparison)]),
    "", notes.join("\n"),
  ].join("\n");
}

function predictionTable({ heldOut, level }: Analysis): string {
  return table(["training", "parameters", "tokens", "measured", "predicted", "error", `${100 * level} % interval`], heldOut.map(({ observation, predicted, percent, interval }, at) => [
    observation.name ?? String(at + 1), observation.parameters.toPrecision(3), observation.tokens.toPrecision(3), observation.loss.toFixed(4), predicted.toFixed(4),
    `${percent >= 0 ? "+" : ""}${percent.toFixed(2)} %`, range(interval),
  ]), [1, 2, 3, 4, 5, 6]);
}

function comparisonTable({ laws }: Comparison): string {
  return table(["law", "free", "log-likelihood", "AIC", "BIC", "AIC beyond the best"], laws.map(({ law, freedoms, logLikelihood, aic, bic, aicDifference, standardError }) => [
    law, String(freedoms), logLikelihood.toFixed(2), aic.toFixed(2), bic.toFixed(2), `${aicDifference.toFixed(2)} ± ${(2 * standardError).toFixed(2)}`,
  ]), [1, 2, 3, 4, 5]);
}

export function evaluationFigures({ fitted, value, r2, points, delta, own }: Evaluation): object {
  return {
    parameters: fitted.parameters, intervals: {}, objective: value, r2, points, law: fitted.law.name, source: fitted.source, delta,
    ...(own !== undefined && { ownFit: { parameters: own.parameters, objective: own.value, r2: own.r2 } }),
  };
}

export function describeEvaluation({ fitted, value, r2, points, own }: Evaluation): string {
  const headings = ["", fitted.source, ...(own === undefined ? [] : ["fit to the table"])];
  const row = (name: string, known: number, fit: number | undefined) => [name, digits(known), ...(own === undefined ? [] : [digits(fit)])];
  return [
    `${fitted.law.name}: ${fitted.law.formula}`, "",
    table(headings, [
      ...fitted.law.parameterNames.map((name) => row(name, fitted.parameters[name] ?? NaN, own?.parameters[name])),
      ["R²", r2.toFixed(4), ...(own === undefined ? [] : [own.r2.toFixed(4)])], row("objective", value, own?.value),
    ], [1, 2]), "",
    `${points} trainings.`,
  ].join("\n");
}

type ApproachFit = { readonly points: number; readonly level: number } & (
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
  const { approach, allocation, intervals, points, level } = fit;
  const names: readonly (keyof Allocation)[] = ["a", "b", "kN", "kD"];
  return [
    approach === 1 ? `Approach 1: the lowest of ${fit.curves.length} training curves at each compute` : `Approach 2: parabolas through ${fit.valleys.length} IsoFLOP valleys`,
    "N = kN C^a, D = kD C^b", "",
    table(["parameter", "value", `${100 * level} % interval`], names.map((name) => [name, digits(allocation[name]), range(intervals[name])]), [1, 2]), "",
    ...(fit.approach === 1 ? [] : [
      table(["compute", "trainings", "best size", "best tokens", "loss"], fit.valleys.map(({ flops, trainings, parameters, tokens, loss, isInside }) => [
        flops.toExponential(2), String(trainings.length), `${parameters.toExponential(3)}${isInside ? "" : " (beyond the sizes trained)"}`, tokens.toExponential(3), loss.toFixed(4),
      ]), [0, 1, 2, 3, 4]), "",
      ...describeBias(fit.bias),
    ]),
    `${points} rows${fit.approach === 2 && fit.leftOut > 0 ? `, of which ${fit.leftOut} at a compute with too few sizes or no valley were left out` : ""}.`,
  ].join("\n");
}

function describeBias(bias: IsoflopBias | undefined): string[] {
  if (bias === undefined) return [];
  const { closedForm, recovered, sizeRatios } = bias;
  const ratios = sizeRatios.slice(0, largestShown).map((ratio) => ratio.toFixed(3)).join(", ");
  return [
    `Bias of the approach, from losses of the law fitted to the same trainings, without noise: it makes a = ${recovered.a.toFixed(4)} of ${closedForm.a.toFixed(4)} (${signed(recovered.a - closedForm.a)}), and the best sizes ${ratios} times the law's own.`,
    "",
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
