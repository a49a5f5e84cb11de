/**
 * The look of every chart: fonts, colours and line widths, for a light and a dark page.
 *
 * A background is always filled, so that a figure stays readable wherever its SVG is shown.
 */
import type { Config } from "vega-lite";

/** Which page the chart is drawn for. */
export type ThemeName = "light" | "dark";

/** Colours of one theme, as CSS hex strings. */
export interface Theme {
  readonly background: string;
  /** Titles and axis labels. */
  readonly text: string;
  /** Subtitles, axis lines and ticks. */
  readonly muted: string;
  readonly grid: string;
  /** Series colours, in the order in which series take them. */
  readonly palette: readonly string[];
  /** The part of the colour scheme viridis that is legible on the background, for series that follow a quantity. */
  readonly sequence: readonly [number, number];
}

// Helvetica and Arial where present; the rest are what Linux desktops and containers carry.
const fonts = "Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif";

/**
 * Both themes. The light palette is that of Okabe and Ito, "Color Universal Design" (2008), less its yellow, which
 * is illegible on white; the dark one keeps its hues and order and raises their lightness.
 */
export const themes = {
  light: {
    background: "#ffffff",
    text: "#1c2127",
    muted: "#5c6670",
    grid: "#e4e7eb",
    palette: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6b4c9a", "#4d4d4d"],
    sequence: [0, 0.85],
  },
  dark: {
    background: "#14181d",
    text: "#e8ebee",
    muted: "#98a2ad",
    grid: "#2b323a",
    palette: ["#5db7f0", "#ff8f4a", "#3ad0a3", "#eba6cc", "#ffc24d", "#a5dcff", "#b79be6", "#c9ced4"],
    sequence: [0.3, 1],
  },
} as const satisfies Record<ThemeName, Theme>;

/** The vega-lite configuration that applies a theme to a whole chart. */
export function themeConfig(name: ThemeName): Config {
  const theme: Theme = themes[name];
  return {
    background: theme.background,
    padding: 14,
    font: fonts,
    view: { stroke: null },
    title: {
      anchor: "start",
      color: theme.text,
      fontSize: 15,
      fontWeight: 600,
      offset: 12,
      subtitleColor: theme.muted,
      subtitleFontSize: 12,
      subtitlePadding: 5,
    },
    axis: {
      domainColor: theme.muted,
      gridColor: theme.grid,
      labelColor: theme.text,
      labelFontSize: 11,
      labelPadding: 4,
      tickColor: theme.muted,
      titleColor: theme.text,
      titleFontSize: 12,
      titleFontWeight: 500,
      titlePadding: 8,
    },
    legend: {
      labelColor: theme.text,
      labelFontSize: 11,
      labelLimit: 260,
      orient: "right",
      symbolOpacity: 1,
      symbolSize: 70,
      titleColor: theme.text,
      titleFontSize: 12,
      titleFontWeight: 500,
    },
    range: { category: [...theme.palette] },
    line: { strokeWidth: 2, strokeJoin: "round" },
    point: { filled: true, size: 42, opacity: 1 },
    text: { color: theme.text, fontSize: 11 },
    rule: { color: theme.muted, strokeWidth: 1.3 },
    bar: { cornerRadiusEnd: 2 },
  };
}
