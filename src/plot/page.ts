/** Pages of figures, text and tables, each one HTML file that needs nothing beside it. */
import { writeFile } from "node:fs/promises";
import type { Chart } from "./chart.ts";
import { renderSvg } from "./render.ts";
import { themes, type Theme, type ThemeName } from "./theme.ts";

/** A chart on a page, drawn for light and for dark screens. */
export interface PageFigure {
  /** The chart in a theme; called once for each. */
  readonly draw: (theme: ThemeName) => Chart;
  /** Printed below the chart: what is seen, and what from. */
  readonly caption?: string;
}

/** A table on a page, in the form in which commands print theirs. */
export interface PageTable {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns, from 0, that end flush, as numbers do. */
  readonly right?: readonly number[];
  /** Whether long cells are broken into lines, as sentences are. */
  readonly wrap?: boolean;
  readonly caption?: string;
}

/** A part of a page; what is given is shown in the order text, chart, table. */
export interface PageSection {
  readonly heading: string;
  /** Plain text; each string is a paragraph. */
  readonly text?: string | readonly string[];
  readonly chart?: PageFigure;
  readonly table?: PageTable;
}

/** What a page shows. */
export interface Page {
  readonly title: string;
  readonly sections: readonly PageSection[];
}

/**
 * Writes a page to a file. It holds its charts as SVG, follows the reader's choice of light or dark, and loads nothing.
 *
 * @example
 * await writePage("slopes.html", { title: "Brains", sections: [{
 *   heading: "Mammals", text: "Brain against body.",
 *   chart: { draw: (theme) => lineChart({ theme, x, y, series }), caption: "62 species." },
 *   table: { headings: ["group", "slope"], rows: [["all", "0.752"]], right: [1] },
 * }] });
 * @param path where the HTML goes; its folder must exist
 */
export async function writePage(path: string, page: Page): Promise<void> {
  await writeFile(path, await renderPage(page), "utf8");
}

/** A page as HTML text; see {@link writePage}. */
export async function renderPage({ title, sections }: Page): Promise<string> {
  const parts: string[] = [];
  for (const [at, section] of sections.entries()) parts.push(await renderSection(section, at));
  return [
    "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">', '<meta name="color-scheme" content="light dark">',
    `<title>${escape(title)}</title>`, `<style>${STYLE}</style>`, "</head>", "<body>", "<main>", `<h1>${escape(title)}</h1>`,
    ...parts, "</main>", "</body>", "</html>", "",
  ].join("\n");
}

async function renderSection({ heading, text = [], chart, table }: PageSection, at: number): Promise<string> {
  const paragraphs = (typeof text === "string" ? [text] : text).map((paragraph) => `<p>${escape(paragraph)}</p>`);
  return [
    "<section>", `<h2>${escape(heading)}</h2>`, ...paragraphs,
    ...(chart === undefined ? [] : [await renderFigure(chart, at)]), ...(table === undefined ? [] : [renderTable(table)]), "</section>",
  ].join("\n");
}

async function renderFigure({ draw, caption }: PageFigure, at: number): Promise<string> {
  const drawings: string[] = [];
  for (const theme of ["light", "dark"] as const) {
    const svg = withOwnIds(await renderSvg(draw(theme)), `figure-${at}-${theme}-`);
    drawings.push(`<div class="${theme}">${svg}</div>`);
  }
  return ["<figure>", ...drawings, ...(caption === undefined ? [] : [`<figcaption>${escape(caption)}</figcaption>`]), "</figure>"].join("\n");
}

/** Vega numbers the clip paths of each drawing from zero; on one page they must differ. */
function withOwnIds(svg: string, prefix: string): string {
  return svg.replace(/\bid="/g, `id="${prefix}`).replace(/url\(#/g, `url(#${prefix}`);
}

function renderTable({ headings, rows, right = [], wrap = false, caption }: PageTable): string {
  const row = (cells: readonly string[], tag: "td" | "th") => `<tr>${headings.map((_, column) => (
    `<${tag}${right.includes(column) ? ' class="number"' : ""}>${escape(cells[column] ?? "")}</${tag}>`
  )).join("")}</tr>`;
  return [
    `<div class="table"><table${wrap ? ' class="wrap"' : ""}>`, ...(caption === undefined ? [] : [`<caption>${escape(caption)}</caption>`]),
    `<thead>${row(headings, "th")}</thead>`, "<tbody>", ...rows.map((cells) => row(cells, "td")), "</tbody>", "</table></div>",
  ].join("\n");
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

function variables({ background, text, muted, grid }: Theme): string {
  return `--background: ${background}; --text: ${text}; --muted: ${muted}; --grid: ${grid};`;
}

const STYLE = `
:root { ${variables(themes.light)} }
.dark { display: none; }
@media (prefers-color-scheme: dark) {
  :root { ${variables(themes.dark)} }
  .dark { display: block; }
  .light { display: none; }
}
body { margin: 0; background: var(--background); color: var(--text); font: 16px/1.55 Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif; }
main { max-width: 52rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 0.6rem; }
p { margin: 0.6rem 0; max-width: 42rem; }
figure { margin: 1rem 0; }
figure svg { display: block; max-width: 100%; height: auto; }
figcaption, caption { color: var(--muted); font-size: 0.9rem; text-align: left; }
caption { padding-bottom: 0.4rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; margin: 1rem 0; }
th, td { padding: 0.28rem 0.6rem; text-align: left; border-bottom: 1px solid var(--grid); white-space: nowrap; }
table.wrap td { white-space: normal; vertical-align: top; overflow-wrap: break-word; }
th { font-weight: 600; border-bottom-color: var(--muted); }
th.number, td.number { text-align: right; }
tr > :first-child { padding-left: 0; }
`;
