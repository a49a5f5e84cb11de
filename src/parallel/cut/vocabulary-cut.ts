import { placeholder } from "../../graph/control.ts";
import { isNode, type Node } from "../../graph/node.ts";
import { Tensor } from "../../graph/tensor.ts";
import { rewrite, TensorMap, topologicalOrder } from "../../graph/traverse.ts";
import { LINEAR_CROSS_ENTROPY } from "../../nn/loss.ts";
import type { Parameter } from "../../nn/module.ts";
import { ScheduleError } from "../schedule.ts";
import type { ModelUnit } from "./units.ts";

/** A loss, cut before and after its projection onto the vocabulary. */
export interface VocabularyCut {
  /** What is projected: [positions..., dimension], which rests on all of the model but the projection. */
  readonly hidden: Tensor;
  /** The rest of the model may read it too, as where it is the embedding. */
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  /** int32 [positions...]. */
  readonly labels: Tensor;
  readonly labelSmoothing: number;
  readonly zLoss: number;
  /** Placeholder of the cross-entropy's losses [positions...], and of -log p. */
  readonly losses: Tensor;
  readonly negativeLogLikelihoods: Tensor;
  /** What becomes of them. */
  readonly result: Tensor;
}

/**
 * Cuts the projection onto the vocabulary out of a loss.
 * @param result scalar to minimise, or -log p of each sequence
 * @throws ScheduleError where the projection does not stand apart from the rest of the model
 */
export function cutVocabulary(result: Tensor, parameters: readonly Parameter[]): VocabularyCut {
  const [found, second] = topologicalOrder([result]).filter(isProjection);
  if (found === undefined || second !== undefined) {
    refuse(`the loss has ${found === undefined ? "no projection" : "more than one projection"} onto the vocabulary with its cross-entropy (linearCrossEntropy)`);
  }
  const [hidden, weight, labels, bias] = found.inputs;
  if (hidden === undefined || weight === undefined || labels === undefined) throw new Error("Cross-entropy takes hidden, weight and labels.");
  const parameterOf = (tensor: Tensor): Parameter => {
    const name = isNode(tensor.node, "state") ? tensor.node.attributes.variable.name : undefined;
    return parameters.find((parameter) => parameter.name === name) ?? refuse("its weight or bias is not a parameter, but computed from others");
  };
  const held = [weight, ...(bias === undefined ? [] : [bias])].map(parameterOf);
  const [weightHeld, biasHeld] = held;
  if (weightHeld === undefined) throw new Error("A projection has a weight.");
  if (biasHeld !== undefined && stateNames([hidden]).has(biasHeld.name)) refuse(`"${biasHeld.name}" is its bias, and read elsewhere in the model too`);
  const [losses, negativeLogLikelihoods] = ["vocabulary.losses", "vocabulary.negativeLogLikelihoods"].map((name) => placeholder(name, { shape: labels.shape, dtype: "float32" }));
  if (losses === undefined || negativeLogLikelihoods === undefined) throw new Error("Cross-entropy has two results.");
  const [rest = result] = rewrite([result], new TensorMap([[new Tensor(found, 0), losses], [new Tensor(found, 1), negativeLogLikelihoods]]));
  if (stateNames([rest, labels]).size > 0) refuse("the loss rests on more of the model than what is projected onto it");
  const { labelSmoothing = 0, zLoss = 0 } = found.attributes.parameters;
  return { hidden, weight: weightHeld, bias: biasHeld, labels, labelSmoothing, zLoss, losses, negativeLogLikelihoods, result: rest };
}

/** A model's units without the projection, and the projection, which is the last. */
export function withoutProjection(units: readonly ModelUnit[]): { body: readonly ModelUnit[]; projection: ModelUnit } {
  const projection = units.at(-1);
  if (projection?.layers.join() !== "output") refuse(`the model's last part is "${projection?.layers.join("+") ?? ""}", which does more than project`);
  return { body: units.slice(0, -1), projection };
}

function isProjection(node: Node): node is Node<"composite"> & Node {
  return isNode(node, "composite") && node.attributes.label === LINEAR_CROSS_ENTROPY;
}

function stateNames(tensors: readonly Tensor[]): Set<string> {
  return new Set(topologicalOrder(tensors).flatMap((node) => (isNode(node, "state") ? [node.attributes.variable.name] : [])));
}

function refuse(why: string): never {
  throw new ScheduleError(`The vocabulary cannot be shared by several processes: ${why}, or set parallel.vocabulary to 1.`);
}
