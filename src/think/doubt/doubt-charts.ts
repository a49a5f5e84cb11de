import type { Chart, ChartOptions } from "../../plot/chart.ts";
import { lineChart, type LineSeries } from "../../plot/line-chart.ts";
import { byProbability, bySureness, doubtScores, probabilityScores, type CheckedAnswer, type DoubtScore } from "./doubts.ts";
import { calibration, riskCoverage } from "./judged.ts";

type Frame = Pick<ChartOptions, "theme" | "title" | "subtitle">;

/** What people read for a score. */
export type ScoreNames = Readonly<Record<DoubtScore, string>>;

/** How often answers of about one probability are right, by each score that is a probability (DeGroot and Fienberg 1983). */
export function reliabilityChart(answers: readonly CheckedAnswer[], names: ScoreNames, frame: Frame = {}): Chart {
  const series = probabilityScores.flatMap((score): LineSeries[] => {
    const judged = byProbability(answers, score);
    if (judged === undefined) return [];
    return [{ name: names[score], style: "solid-with-markers", points: calibration(judged).bins.map(({ confidence, accuracy }) => ({ x: confidence, y: accuracy })) }];
  });
  const even: LineSeries = { name: "as often as it says", style: "dashed", weight: "thin", points: [{ x: 0, y: 0 }, { x: 1, y: 1 }] };
  return lineChart({ ...frame, x: { title: "probability to be right", domain: [0, 1] }, y: { title: "share that is right", domain: [0, 1] }, series: [...series, even] });
}

/** What is wrong of the surest answers, by each score. */
export function riskCoverageChart(answers: readonly CheckedAnswer[], names: ScoreNames, frame: Frame = {}): Chart {
  const series = doubtScores.flatMap((score): LineSeries[] => {
    const judged = bySureness(answers, score);
    return judged === undefined ? [] : [{ name: names[score], points: riskCoverage(judged).map(({ coverage, risk }) => ({ x: coverage, y: risk })) }];
  });
  return lineChart({ ...frame, x: { title: "share of answers given, the surest first", domain: [0, 1] }, y: { title: "share of them that is wrong", zero: true }, series });
}
