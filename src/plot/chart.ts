/** What all charts share: size, titles, theme, and the colours of named groups. */
import type { TopLevelSpec } from "vega-lite";
import { themeConfig, themes, type Theme, type ThemeName } from "./theme.ts";

/** A finished chart: a vega-lite specification with data and theme inside it. */
export type Chart = TopLevelSpec;

/** Options of every chart. */
export interface ChartOptions {
  readonly title?: string;
  readonly subtitle?: string;
  /** Width of the plotting area in pixels; 480 unless given. */
  readonly width?: number;
  /** Height of the plotting area in pixels; 300 unless given. */
  readonly height?: number;
  /** `light` unless given. */
  readonly theme?: ThemeName;
}

/** The top-level members that follow from the options. */
export function chartFrame(options: ChartOptions) {
  const { title, subtitle } = options;
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    ...(title === undefined ? {} : { title: subtitle === undefined ? { text: title } : { text: title, subtitle } }),
    width: options.width ?? 480,
    height: options.height ?? 300,
    config: themeConfig(options.theme ?? "light"),
  };
}

/** The theme that the options name. */
export function chartTheme(options: ChartOptions): Theme {
  return themes[options.theme ?? "light"];
}

/** One colour for each name, in order of first appearance; the palette repeats when it runs out. */
export function groupColors(names: readonly string[], theme: Theme): { domain: string[]; range: string[] } {
  const domain = [...new Set(names)];
  const range = domain.map((_, index) => theme.palette[index % theme.palette.length] ?? theme.text);
  return { domain, range };
}
