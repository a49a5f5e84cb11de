/** What `decade scale fit` found, as pages with pictures. */
import type { Chart, Page, PageSection, ThemeName } from "../plot/index.ts";
import type { Analysis } from "../scaling/fit/analyse.ts";
import type { Evaluation } from "../scaling/fit/evaluate.ts";
import { agreementChart, fitChart, frontierChart, soleVariable, type FitPicture } from "../scaling/fit/fit-charts.ts";
import type { Comparison } from "../scaling/fit/likelihood.ts";
import { allocationTable, approachNotes, comparisonTable, describeBias, evaluationTable, fitNotes, heldOutTable, parameterTable, qualityOf, valleyTable, type ApproachFit } from "./scale-fit-report.ts";

/** A law that was fitted to a table. */
export function fitPage(picture: FitPicture, file: string, analysis: Analysis, comparison: Comparison | undefined, refusals: readonly string[]): Page {
  const { law } = analysis.fit;
  return {
    title: `The law ${law.name}, fitted to ${file}`,
    sections: [
      { heading: "Fit", text: [law.formula, `${qualityOf(analysis)}.`, ...fitNotes(analysis, comparison, refusals)], table: parameterTable(analysis) },
      ...pictureSections(picture),
      ...(picture.aside.length === 0 ? [] : [{ heading: "Set aside, of the most FLOPs", table: heldOutTable(analysis) }]),
      ...(comparison === undefined ? [] : [{ heading: "Laws compared", table: comparisonTable(comparison) }]),
    ],
  };
}

/** A law with known values, set against a table. */
export function evaluationPage(picture: FitPicture, file: string, evaluation: Evaluation): Page {
  const { law, source } = evaluation.fitted;
  return {
    title: `The law ${law.name} of ${source}, on ${file}`,
    sections: [{ heading: "Values", text: [law.formula, `${evaluation.points} trainings.`], table: evaluationTable(evaluation) }, ...pictureSections(picture)],
  };
}

/** The best size and data over compute, as Approaches 1 and 2 find them. */
export function approachPage(fit: ApproachFit, file: string, charts: ApproachCharts): Page {
  return {
    title: `Approach ${fit.approach} of Hoffmann et al. 2022, on ${file}`,
    sections: [
      { heading: "Best size and tokens", text: [...approachNotes(fit), ...(fit.approach === 1 ? [] : describeBias(fit.bias))], table: allocationTable(fit) },
      { heading: "Losses", chart: { draw: charts.losses }, ...(fit.approach === 2 && { table: valleyTable(fit) }) },
      { heading: "Best size", chart: { draw: charts.sizes } },
    ],
  };
}

/** The losses with the best of each compute, and the power law of the best size. */
export interface ApproachCharts {
  readonly losses: (theme: ThemeName) => Chart;
  readonly sizes: (theme: ThemeName) => Chart;
}

function pictureSections(picture: FitPicture): PageSection[] {
  const isAlone = soleVariable(picture.fitted) !== undefined;
  return [
    { heading: isAlone ? "Loss" : "Over parameters and tokens", chart: { draw: (theme: ThemeName) => fitChart(picture, theme) } },
    ...(isAlone ? [] : [{ heading: "Against compute", chart: { draw: (theme: ThemeName) => frontierChart(picture, theme), caption: "The line is the lowest loss that the law has for each compute 6 N D, every token new." } }]),
    { heading: "Predicted and measured", chart: { draw: (theme: ThemeName) => agreementChart(picture, theme) } },
  ];
}
