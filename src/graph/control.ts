import { applyAll, GraphError } from "./apply.ts";
import type { CompositeGradient } from "./operations.ts";
import { input, type Tensor } from "./tensor.ts";
import { isNode, type Node } from "./node.ts";
import { capturesOf, keepOrReapply, rewrite, TensorMap, topologicalOrder } from "./traverse.ts";

/** A stand-in for a tensor of the same type, local to a body. */
export function placeholder(name: string, { shape, dtype }: Pick<Tensor, "shape" | "dtype">): Tensor {
  return input(name, dtype, shape);
}

export interface ScanResult {
  /** Final carries. */
  readonly carries: Tensor[];
  /** What each step put out, stacked: [time, ...]. */
  readonly outputs: Tensor[];
}

/**
 * Runs a body along the first axis of the stacked tensors. The body gets the carries and one slice of each stacked
 * tensor, and returns the next carries and what is to be stacked; it may mention tensors of the enclosing graph.
 * `reverse` walks from the last slice to the first; stacked outputs keep the order of the inputs.
 *
 *     const { outputs: [sums] } = scan([zeros([])], [x], ([sum], [x]) => ({ carries: [sum.add(x)], outputs: [sum.add(x)] }));
 */
export function scan(
  initial: readonly Tensor[],
  stacked: readonly Tensor[],
  step: (carries: Tensor[], slices: Tensor[]) => { carries: readonly Tensor[]; outputs: readonly Tensor[] },
  { reverse = false }: { reverse?: boolean } = {},
): ScanResult {
  const carries = initial.map((tensor, at) => placeholder(`carry${at}`, tensor));
  const slices = stacked.map(({ shape, dtype }, at) => placeholder(`slice${at}`, { shape: shape.slice(1), dtype }));
  const results = step(carries, slices);
  const body = { carries, slices, nextCarries: [...results.carries], outputs: [...results.outputs] };
  const captures = capturesOf(body);
  const outputs = applyAll("scan", [...initial, ...stacked, ...captures], { body: { ...body, captures }, reverse });
  return { carries: outputs.slice(0, carries.length), outputs: outputs.slice(carries.length) };
}

/**
 * A function of tensors as one node, with a label by which an engine may know a faster form of it, and, where given,
 * its own gradient. The body may mention its arguments and constants only; a `GraphError` is thrown where it does not.
 */
export function composite(
  label: string,
  inputs: readonly Tensor[],
  build: (...placeholders: Tensor[]) => readonly Tensor[],
  options: { parameters?: Readonly<Record<string, number>>; gradient?: CompositeGradient } = {},
): Tensor[] {
  const placeholders = inputs.map((tensor, at) => placeholder(`argument${at}`, tensor));
  const results = build(...placeholders);
  const known = new TensorMap(placeholders.map((tensor) => [tensor, true] as const));
  const foreign = topologicalOrder(results, known).find(({ op }) => op === "input" || op === "state");
  if (foreign !== undefined) throw new GraphError(`The composite "${label}" mentions a tensor that is not among its inputs; pass it as one.`);
  return applyAll("composite", inputs, {
    label, parameters: options.parameters ?? {}, placeholders, results, gradient: options.gradient,
  });
}

/** A computation whose backward pass is stated instead of derived. */
export function customGradient(
  inputs: readonly Tensor[],
  forward: (...inputs: Tensor[]) => readonly Tensor[],
  backward: CompositeGradient,
): Tensor[] {
  return composite("", inputs, forward, { gradient: backward });
}

/** A composite's body on its actual inputs. */
export function inlineComposite(
  { placeholders, results }: { placeholders: readonly Tensor[]; results: readonly Tensor[] },
  inputs: readonly Tensor[],
): Tensor[] {
  return rewrite(results, new TensorMap(placeholders.flatMap((tensor, at) => {
    const value = inputs[at];
    return value === undefined ? [] : [[tensor, value] as const];
  })));
}

/** A graph with all composites, but those that are to be kept, replaced by their bodies. */
export function inlineComposites(outputs: readonly Tensor[], isKept: (composite: Node<"composite">) => boolean = () => false): Tensor[] {
  const expand = (tensors: readonly Tensor[], done: readonly Tensor[]): Tensor[] => {
    const known = new TensorMap(done.map((tensor) => [tensor, tensor] as const));
    return rewrite(tensors, known, (node, inputs) => (
      isNode(node, "composite") && !isKept(node) ? expand(inlineComposite(node.attributes, inputs), inputs) : keepOrReapply(node, inputs)));
  };
  return expand(outputs, []);
}
