/** Charts as SVG: a thin, typed layer over vega-lite. */
export type { Axis } from "./axis.ts";
export { barChart, type Bar, type BarChartOptions } from "./bar-chart.ts";
export type { Chart, ChartOptions } from "./chart.ts";
export { ganttChart, type GanttBar, type GanttChartOptions } from "./gantt-chart.ts";
export { lineChart, type LineChartOptions, type LinePoint, type LineSeries } from "./line-chart.ts";
export { renderPage, writePage, type Page, type PageFigure, type PageSection, type PageTable } from "./page.ts";
export { renderSvg, writeSvg } from "./render.ts";
export { scatterChart, type ScatterChartOptions, type ScatterLine, type ScatterPoint } from "./scatter-chart.ts";
export { themes, type Theme, type ThemeName } from "./theme.ts";
