/** Other designs for the same range of sizes and lengths, and the same design for another budget. */
import { ScalingError } from "../scaling-error.ts";
import { listAmounts, type Amounts, type Design, type Sweep } from "./sweep-schema.ts";

export const DESIGN_KINDS = ["grid", "isoflop", "space-filling"] as const;
export type DesignKind = (typeof DESIGN_KINDS)[number];

/** Fields of other kinds of design that a kind lacks, besides sizes and lengths. */
const LACKED: Readonly<Record<DesignKind, readonly string[]>> = { "grid": [], "isoflop": ["uniqueTokens"], "space-filling": ["uniqueTokens", "layers"] };

/**
 * A design of another kind over the same sizes. Slices of equal compute are those in which a network of the middle size
 * trains on the grid's tokens (by 6 · parameters · tokens), and the other way round; as many points fill the space as the grid has.
 *
 * @throws ScalingError where the design lists its trainings, or has a field that the other kind lacks
 */
export function withKind(sweep: Sweep, kind: DesignKind): Sweep {
  const { design } = sweep;
  if (design.kind === kind) return sweep;
  if (design.kind === "list") throw new ScalingError(`The sweep ${sweep.name} lists its trainings, so that no design of another kind follows; leave --kind out, or give ranges.`);
  const lost = LACKED[kind].find((field) => Object.hasOwn(design, field));
  if (lost !== undefined) throw new ScalingError(`The sweep ${sweep.name} gives design.${lost}, which the kind ${kind} does not have; leave --kind out, or ${lost}.`);
  return { ...sweep, design: converted(design, kind) };
}

function converted(design: Exclude<Design, { kind: "list" }>, kind: DesignKind): Design {
  const { count, parameters, tokens } = spread(design);
  const [least, most] = [Math.min(...parameters), Math.max(...parameters)];
  const middle = 6 * Math.sqrt(least * most);
  const depths = "layers" in design && design.layers !== undefined ? { layers: design.layers } : {};
  switch (kind) {
    case "grid":
      return { kind, parameters: [...parameters], tokens: [...tokens], ...depths };
    case "isoflop":
      return { kind, parameters: [...parameters], flops: tokens.map((each) => each * middle), ...depths };
    case "space-filling":
      return { kind, count, parameters: { from: least, to: most }, tokens: { from: Math.min(...tokens), to: Math.max(...tokens) } };
    default:
      return kind satisfies never;
  }
}

/** The sizes and lengths that a design covers, as lists. */
function spread(design: Exclude<Design, { kind: "list" }>): { count: number; parameters: readonly number[]; tokens: readonly number[] } {
  if (design.kind === "space-filling") {
    const side = Math.max(2, Math.round(Math.sqrt(design.count)));
    return { count: design.count, parameters: listAmounts({ ...design.parameters, count: side }), tokens: listAmounts({ ...design.tokens, count: side }) };
  }
  const parameters = listAmounts(design.parameters);
  const middle = 6 * Math.sqrt(Math.min(...parameters) * Math.max(...parameters));
  const tokens = design.kind === "grid" ? listAmounts(design.tokens) : listAmounts(design.flops).map((flops) => flops / middle);
  return { count: parameters.length * tokens.length, parameters, tokens };
}

/** The same sizes, each trained so many times as long. */
export function withLengths(sweep: Sweep, factor: number): Sweep {
  const { design } = sweep;
  const scaled = (amounts: Amounts): number[] => listAmounts(amounts).map((each) => each * factor);
  switch (design.kind) {
    case "grid":
      return { ...sweep, design: { ...design, tokens: scaled(design.tokens), ...(design.uniqueTokens !== undefined && { uniqueTokens: scaled(design.uniqueTokens) }) } };
    case "isoflop":
      return { ...sweep, design: { ...design, flops: scaled(design.flops) } };
    case "space-filling":
      return { ...sweep, design: { ...design, tokens: { from: design.tokens.from * factor, to: design.tokens.to * factor } } };
    case "list":
      throw new ScalingError(`The sweep ${sweep.name} lists its trainings, so that no budget can be shared out among them; leave --budget and --hours out, or give ranges.`);
    default:
      return design satisfies never;
  }
}
