/** From a chart to SVG text, in Node and with no document object model. */
import { writeFile } from "node:fs/promises";
import { parse, resetSVGDefIds, View } from "vega";
import { compile } from "vega-lite";
import type { Chart } from "./chart.ts";

/**
 * Renders a chart as one SVG document. Equal charts give equal text, unless several are rendered at once.
 *
 * @throws Error if the chart is not a valid vega-lite specification
 */
export async function renderSvg(chart: Chart): Promise<string> {
  const view = new View(parse(compile(chart).spec), { renderer: "none" });
  try {
    await view.runAsync();
    // Clip paths are numbered through the life of the process; from zero, equal charts give equal text.
    resetSVGDefIds();
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/**
 * Renders a chart and writes it to a file.
 *
 * @param path where the SVG goes; its folder must exist
 */
export async function writeSvg(path: string, chart: Chart): Promise<void> {
  await writeFile(path, await renderSvg(chart), "utf8");
}
