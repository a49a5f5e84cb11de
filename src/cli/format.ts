/** Numbers and tables as people read them. */

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** `12,345` */
export function count(value: number): string {
  return grouped.format(value);
}

/** `1 pair`, `12,345 pairs` */
export function plural(value: number, thing: string): string {
  return `${count(value)} ${thing}${value === 1 ? "" : "s"}`;
}

/** `1 h 05 min`, `4 min 10 s`, `35 s` */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const two = (value: number): string => String(value).padStart(2, "0");
  if (hours > 0) return `${hours} h ${two(minutes)} min`;
  return minutes > 0 ? `${minutes} min ${two(whole % 60)} s` : `${whole} s`;
}

/** Columns under their headings, two spaces apart; those in `right` end flush. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => all.reduce((widest, row) => Math.max(widest, (row[column] ?? "").length), 0));
  return all.map((row) => headings.map((_, column) => {
    const [cell, width] = [row[column] ?? "", widths[column] ?? 0];
    return right.includes(column) ? cell.padStart(width) : cell.padEnd(width);
  }).join("  ").trimEnd()).join("\n");
}
