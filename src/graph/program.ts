import { dimension } from "./dimension.ts";
import { simplify } from "./simplify.ts";
import type { DType } from "./dtype.ts";
import { isNode } from "./node.ts";
import { formatShape, shapesEqual, type Shape } from "./shape.ts";
import { openSlices, type OpenSlice } from "./slice-bounds.ts";
import type { StateVariable } from "./state.ts";
import { input, Tensor } from "./tensor.ts";
import { topologicalOrder } from "./traverse.ts";
import { GraphError } from "./apply.ts";

/** The new value that a run gives a state variable. */
export interface StateUpdate {
  readonly variable: StateVariable;
  readonly value: Tensor;
}

/** The type of an array that a program is fed. */
export interface ArrayType<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: Shape;
}

export type Signature = Readonly<Record<string, ArrayType>>;

/** What a builder returns: tensors to fetch by name, and under `updates` what becomes of the state. */
export interface Results {
  readonly updates?: readonly StateUpdate[];
  readonly [fetch: string]: Tensor | readonly StateUpdate[] | undefined;
}

/** A computation ready to be lowered: what goes in, what comes out, what it keeps. */
export interface Program {
  readonly feeds: Signature;
  readonly fetches: readonly { readonly name: string; readonly tensor: Tensor }[];
  readonly updates: readonly StateUpdate[];
  /** Every variable that is read or written. */
  readonly variables: readonly StateVariable[];
  /** Slices that are within their axis for some dimensions only; each run checks them. */
  readonly openSlices: readonly OpenSlice[];
}

export function float32(...shape: Shape): ArrayType<"float32"> {
  return { dtype: "float32", shape };
}

export function int32(...shape: Shape): ArrayType<"int32"> {
  return { dtype: "int32", shape };
}

export function bool(...shape: Shape): ArrayType<"bool"> {
  return { dtype: "bool", shape };
}

/** Builds a program from the types of its feeds and a function from tensors to results, and simplifies it. */
export function buildProgram<S extends Signature>(
  feeds: S,
  build: (tensors: { readonly [K in keyof S]: Tensor }) => Results,
): Program {
  const tensors = Object.fromEntries(Object.entries(feeds).map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)]));
  const { updates = [], ...fetched } = build(tensors as { readonly [K in keyof S]: Tensor });
  const fetches = Object.entries(fetched).flatMap(([name, tensor]) => (tensor instanceof Tensor ? [{ name, tensor }] : []));
  updates.forEach(requireFitting);
  requireDistinct(updates);
  const results = [...fetches.map(({ tensor }) => tensor), ...updates.map(({ value }) => value)];
  variablesOf(results, updates); // before simplification takes variables of one name for one
  const simplified = simplify(results);
  requireDeclared(feeds, simplified);
  const result = (at: number): Tensor => {
    const tensor = simplified[at];
    if (tensor === undefined) throw new GraphError("Simplification lost a result.");
    return tensor;
  };
  return {
    feeds,
    fetches: fetches.map(({ name }, at) => ({ name, tensor: result(at) })),
    updates: updates.map(({ variable }, at) => ({ variable, value: result(fetches.length + at) })),
    variables: variablesOf(simplified, updates),
    openSlices: openSlices(simplified),
  };
}

function requireFitting({ variable, value }: StateUpdate): void {
  if (variable.dtype !== value.dtype || variable.shape.join() !== value.shape.join()) {
    throw new GraphError(`The new value of "${variable.name}" is ${value.dtype} [${value.shape.join(", ")}], `
      + `but it is ${variable.dtype} [${variable.shape.join(", ")}].`);
  }
}

function requireDeclared(feeds: Signature, outputs: readonly Tensor[]): void {
  for (const node of topologicalOrder(outputs)) {
    if (!isNode(node, "input")) continue;
    const { name, dtype, shape } = node.attributes;
    const declared = Object.hasOwn(feeds, name) ? feeds[name] : undefined;
    if (declared === undefined) {
      throw new GraphError(`The program uses the feed "${name}", which it does not declare; `
        + `its feeds are: ${Object.keys(feeds).join(", ") || "none"}.`);
    }
    if (declared.dtype !== dtype || !shapesEqual(declared.shape.map(dimension), shape)) {
      throw new GraphError(`The program uses the feed "${name}" as ${dtype} ${formatShape(shape)}, but declares it as ${declared.dtype} ${formatShape(declared.shape)}.`);
    }
  }
}

function requireDistinct(updates: readonly StateUpdate[]): void {
  const names = updates.map(({ variable }) => variable.name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new GraphError(`"${twice}" is given two new values; a run can keep one.`);
}

function variablesOf(outputs: readonly Tensor[], updates: readonly StateUpdate[]): StateVariable[] {
  const read = topologicalOrder(outputs).flatMap((node) => (isNode(node, "state") ? [node.attributes.variable] : []));
  const byName = new Map<string, StateVariable>();
  for (const variable of [...read, ...updates.map(({ variable: written }) => written)]) {
    const other = byName.get(variable.name);
    if (other !== undefined && other !== variable) {
      throw new GraphError(`Two different variables are named "${variable.name}"; name their layers apart.`);
    }
    byName.set(variable.name, variable);
  }
  return [...byName.values()];
}
