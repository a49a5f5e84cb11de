import { customGradient, placeholder, scan } from "../graph/control.ts";
import { backpropagate } from "../graph/gradients.ts";
import type { Tensor } from "../graph/tensor.ts";
import { rewrite, TensorMap, topologicalOrder } from "../graph/traverse.ts";

/**
 * Activation checkpointing (Chen et al. 2016): a part of a model of which the backward pass keeps the inputs alone, and
 * computes everything between them and the outputs once more. Memory for a part's inner values is then needed for one
 * part at a time, at the cost of a second forward pass.
 *
 *     const [y] = checkpoint([x], (x) => [block.forward(x)]);
 *
 * `build` may mention parameters and feeds. What else of the enclosing graph it needs it should be given as an input, or
 * that is computed again too.
 */
export function checkpoint(inputs: readonly Tensor[], build: (...inputs: Tensor[]) => readonly Tensor[]): Tensor[] {
  const placeholders = inputs.map((tensor, at) => placeholder(`input${at}`, tensor));
  const results = build(...placeholders);
  const leaves = leavesOf(results, placeholders);
  const on = (actual: readonly Tensor[]): Tensor[] => rewrite(results, new TensorMap(
    [...placeholders, ...leaves].map((tensor, at) => [tensor, actual[at] ?? tensor] as const)));
  return customGradient([...inputs, ...leaves], (...actual) => on(actual), (actual, _outputs, cotangents) => {
    const [activations, captured] = [actual.slice(0, inputs.length), actual.slice(inputs.length)];
    const given = cotangents.filter((cotangent) => cotangent !== undefined);
    // A loop of one step: what its body computes is not taken for what the forward pass has computed already.
    const kept: number[] = [];
    const { outputs } = scan([], [...activations, ...given].map((tensor) => tensor.expandDims(0)), (_carries, slices) => {
      const own = [...slices.slice(0, inputs.length), ...captured];
      const received = slices.slice(inputs.length);
      const slopes = backpropagate(on(own), cotangents.map((cotangent) => cotangent && received.shift()), own);
      const found = slopes.flatMap((slope, at) => (slope === undefined ? [] : (kept.push(at), [slope])));
      return { carries: [], outputs: found };
    });
    return actual.map((_, at) => (kept.includes(at) ? outputs[kept.indexOf(at)]?.squeeze(0) : undefined));
  });
}

/** The parameters and feeds that tensors rest on. */
function leavesOf(tensors: readonly Tensor[], stop: readonly Tensor[]): Tensor[] {
  const known = new TensorMap(stop.map((tensor) => [tensor, true] as const));
  const found = new TensorMap<true>();
  const note = (tensor: Tensor): void => {
    if (!known.has(tensor) && (tensor.node.op === "state" || tensor.node.op === "input")) found.set(tensor, true);
  };
  tensors.forEach(note);
  for (const node of topologicalOrder(tensors, known)) node.inputs.forEach(note);
  return found.keys();
}
