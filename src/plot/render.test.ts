import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lineChart } from "./line-chart.ts";
import { renderSvg, writeSvg } from "./render.ts";
import { themes, type ThemeName } from "./theme.ts";

function chart(theme: ThemeName) {
  return lineChart({
    theme,
    title: "loss < 2 & falling",
    x: { title: "step", domain: [0, 1] },
    y: { title: "loss", unit: "nats" },
    series: [
      {
        name: "train",
        points: [
          { x: 0, y: 2 },
          { x: 1, y: 1 },
        ],
      },
    ],
  });
}

test.each(["light", "dark"] as const)("the %s theme fills the background and colours the text", async (theme) => {
  const svg = await renderSvg(chart(theme));
  expect(svg).toMatch(new RegExp(`<rect width="\\d+" height="\\d+" fill="${themes[theme].background}"`));
  expect(svg).toContain(`fill="${themes[theme].text}"`);
});

test("text is escaped as XML", async () => {
  const svg = await renderSvg(chart("light"));
  expect(svg).toContain("loss &lt; 2 &amp; falling");
  expect(svg).not.toContain("2 & falling");
});

test("the same chart gives the same text", async () => {
  expect(await renderSvg(chart("light"))).toBe(await renderSvg(chart("light")));
});

test("a file holds the rendered chart", async () => {
  const folder = await mkdtemp(join(tmpdir(), "plot-"));
  try {
    const path = join(folder, "chart.svg");
    await writeSvg(path, chart("light"));
    expect(await readFile(path, "utf8")).toBe(await renderSvg(chart("light")));
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** Contrast of WCAG 2.1, from 1 to 21. */
function contrast(left: string, right: string): number {
  const luminance = (color: string) => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const channel = parseInt(color.slice(at, at + 2), 16) / 255;
      return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark = 0, light = 0] = [luminance(left), luminance(right)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

test.each(["light", "dark"] as const)("text of the %s theme has the contrast that WCAG asks for", (name) => {
  const { background, text, muted, palette } = themes[name];
  expect(contrast(text, background)).toBeGreaterThan(7);
  expect(contrast(muted, background)).toBeGreaterThan(4.5);
  for (const color of palette) expect(contrast(color, background)).toBeGreaterThan(2);
});
