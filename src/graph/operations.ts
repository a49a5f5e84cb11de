import type { Dim } from "./dimension.ts";
import type { DType } from "./dtype.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import type { StateVariable } from "./state.ts";

type None = Record<never, never>;

export const UNARY = ["negate", "exp", "log", "sqrt", "tanh", "sigmoid", "relu", "abs", "sign", "erf", "sin", "cos", "reciprocal", "floor"] as const;
export const BINARY = ["add", "subtract", "multiply", "divide", "maximum", "minimum", "power"] as const;
export const COMPARISON = ["equal", "less", "lessEqual"] as const;
export const LOGICAL = ["and", "or"] as const;

export type UnaryName = (typeof UNARY)[number];
export type BinaryName = (typeof BINARY)[number];
export type ComparisonName = (typeof COMPARISON)[number];
export type LogicalName = (typeof LOGICAL)[number];

/** A loop body: a graph from placeholders (carries, slices) to results. */
export interface ScanBody {
  readonly carries: readonly Tensor[];
  readonly slices: readonly Tensor[];
  /** Tensors of the enclosing graph that the body mentions. */
  readonly captures: readonly Tensor[];
  readonly nextCarries: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/**
 * What a composite's own backward pass receives. It returns one cotangent an input, `undefined` for zero, or nothing at
 * all where it has no rule for these cotangents: then the body is differentiated.
 */
export type CompositeGradient = (
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  cotangents: readonly (Tensor | undefined)[],
) => readonly (Tensor | undefined)[] | undefined;

/** The closed set of primitive operations, and what each is parameterised by. */
export type OperationAttributes =
  & { [K in UnaryName | BinaryName | ComparisonName | LogicalName]: None }
  & {
    input: { readonly name: string; readonly shape: Shape; readonly dtype: DType };
    state: { readonly variable: StateVariable };
    constant: { readonly data: readonly number[]; readonly shape: Shape; readonly dtype: DType };
    not: None;
    cast: { readonly dtype: DType };
    where: None;
    stopGradient: None;
    matmul: None;
    reduceSum: { readonly axes: readonly number[]; readonly keep: boolean };
    reduceMax: { readonly axes: readonly number[]; readonly keep: boolean };
    argmax: { readonly axis: number };
    topK: { readonly count: number };
    reshape: { readonly shape: Shape };
    broadcastTo: { readonly shape: Shape };
    transpose: { readonly permutation: readonly number[] };
    concat: { readonly axis: number };
    split: { readonly axis: number; readonly sizes: Shape };
    slice: { readonly axis: number; readonly start: Dim; readonly size: Dim };
    pad: { readonly axis: number; readonly before: Dim; readonly after: Dim };
    reverse: { readonly axis: number };
    take: None;
    scatterAdd: None;
    takeAlong: { readonly axis: number };
    scatterAlong: { readonly axis: number };
    iota: { readonly shape: Shape; readonly axis: number };
    random: { readonly shape: Shape; readonly stream: number };
    scan: { readonly body: ScanBody; readonly reverse: boolean };
    composite: {
      readonly label: string;
      readonly parameters: Readonly<Record<string, number>>;
      readonly placeholders: readonly Tensor[];
      readonly results: readonly Tensor[];
      readonly gradient: CompositeGradient | undefined;
    };
  };

export type OperationName = keyof OperationAttributes;
