import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lineChart } from "./line-chart.ts";
import { renderPage, writePage, type Page } from "./page.ts";
import { themes, type ThemeName } from "./theme.ts";

const draw = (theme: ThemeName) => lineChart({ theme, x: { title: "step", domain: [0, 1] }, y: { title: "loss" }, series: [{ name: "train", points: [{ x: 0, y: 2 }, { x: 1, y: 1 }] }] });
const page: Page = {
  title: "Loss < 2 & falling",
  sections: [
    { heading: 'A "figure"', text: ["One.", "<b>Two.</b>"], chart: { draw, caption: "What is seen." } },
    { heading: "A table", chart: { draw }, table: { headings: ["name", "slope"], rows: [["a", "0.75"], ["b"]], right: [1], caption: "Slopes." } },
  ],
};

test("a page holds each chart for light and for dark, and shows the one that the reader's screen asks for", async () => {
  const html = await renderPage(page);
  expect(html.match(/<svg/g)).toHaveLength(4);
  for (const theme of ["light", "dark"] as const) {
    const drawing = html.split(`<div class="${theme}">`)[1]?.split("</svg>")[0];
    expect(drawing).toContain(`fill="${themes[theme].background}"`);
  }
  expect(html).toMatch(/\.dark { display: none; }\n@media \(prefers-color-scheme: dark\)/);
});

test("a page loads nothing", async () => {
  const html = await renderPage(page);
  expect(html).not.toMatch(/<(script|link|img|iframe|object)\b|\b(src|href)=|@import|url\((?!#)/);
});

test("parts of different drawings that refer to each other keep apart", async () => {
  const html = await renderPage(page);
  const ids = [...html.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id);
  expect(ids.length).toBeGreaterThanOrEqual(4);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, id] of html.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id);
});

test("text is escaped, and each string is a paragraph", async () => {
  const html = await renderPage(page);
  expect(html).toContain("<h1>Loss &lt; 2 &amp; falling</h1>");
  expect(html).toContain("<h2>A &quot;figure&quot;</h2>");
  expect(html).toContain("<p>One.</p>\n<p>&lt;b&gt;Two.&lt;/b&gt;</p>");
  expect(html).toContain("<figcaption>What is seen.</figcaption>");
});

test("numbers end flush, and short rows are filled", async () => {
  const html = await renderPage(page);
  expect(html).toContain('<tr><th>name</th><th class="number">slope</th></tr>');
  expect(html).toContain('<tr><td>a</td><td class="number">0.75</td></tr>');
  expect(html).toContain('<tr><td>b</td><td class="number"></td></tr>');
});

test("a file holds the page", async () => {
  const folder = await mkdtemp(join(tmpdir(), "page-"));
  try {
    await writePage(join(folder, "page.html"), page);
    expect(await readFile(join(folder, "page.html"), "utf8")).toBe(await renderPage(page));
  } finally {
    await rm(folder, { recursive: true });
  }
});
