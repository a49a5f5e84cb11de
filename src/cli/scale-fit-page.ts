/** What `decade scale fit` found, as pages with pictures. */
import type { Page, PageSection, ThemeName } from "../plot/index.ts";
import type { Analysis } from "../scaling/fit/analyse.ts";
import type { Evaluation } from "../scaling/fit/evaluate.ts";
import { agreementChart, fitChart, frontierChart, soleVariable, type FitPicture } from "../scaling/fit/fit-charts.ts";
import type { Comparison } from "../scaling/fit/likelihood.ts";
import { comparisonTable, evaluationTable, fitNotes, heldOutTable, parameterTable, qualityOf } from "./scale-fit-report.ts";

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

function pictureSections(picture: FitPicture): PageSection[] {
  const isAlone = soleVariable(picture.fitted) !== undefined;
  return [
    { heading: isAlone ? "Loss" : "Over parameters and tokens", chart: { draw: (theme: ThemeName) => fitChart(picture, theme) } },
    ...(isAlone ? [] : [{ heading: "Against compute", chart: { draw: (theme: ThemeName) => frontierChart(picture, theme), caption: "The line is the lowest loss that the law has for each compute 6 N D, every token new." } }]),
    { heading: "Predicted and measured", chart: { draw: (theme: ThemeName) => agreementChart(picture, theme) } },
  ];
}
