/** What a training costs, read off its graph before it is run. */
import { bindDimensions } from "../../engines/dimensions.ts";
import { dimensionValue, type DimValues } from "../../graph/dimension.ts";
import { flops } from "../../graph/flops.ts";
import { gradients } from "../../graph/gradients.ts";
import { isNode, type Node } from "../../graph/node.ts";
import { shapeSize } from "../../graph/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { topologicalOrder } from "../../graph/traverse.ts";
import type { Module } from "../../nn/module.ts";
import { trainingGraph, validationGraph } from "../../parallel/cut/task-graphs.ts";
import type { RunConfig } from "../../train/config/config.ts";
import type { TextRunConfig } from "../../train/config/text.ts";
import type { Training } from "../../train/train-task.ts";
import { trainingFlops } from "../../train/training-programs.ts";
import type { BatchSizes } from "./batch-census.ts";

/** What a network and its training amount to. */
export interface TrainingSize {
  /** Weights besides embeddings and output layer. */
  readonly parameters: number;
  readonly totalParameters: number;
  readonly steps: number;
  /** Tokens that the loss is taken over, repetitions counted. */
  readonly tokens: number;
  /** Tokens that the network reads; of pairs, the source's too. */
  readonly readTokens: number;
  /** Different ones of them: at most those of one pass over the data. */
  readonly uniqueTokens: number;
  /** Passes over the data. */
  readonly epochs: number;
  /** Floating-point operations of the matrix products of all steps, forward and backward. */
  readonly flops: number;
  /** The same of one validation, which has no backward pass. */
  readonly validationFlops: number;
  /** Weights, gradients, moments, and the most that is alive at once in a step: bytes. */
  readonly memoryBytes: number;
}

/** Weights that are not of a vocabulary: neither embeddings nor output layer, as Kaplan et al. 2020, section 2.1, count them. */
export function nonEmbeddingParameters(model: Module): number {
  return model.parameters().reduce((sum, { name, size }) => (VOCABULARY.test(name) ? sum : sum + size), 0);
}

/** Names of what grows with the vocabulary or the number of positions. */
const VOCABULARY = /(^|\.)(\w*[eE]mbedding\.|output(Weight|Bias)$)/;

export function totalParameters(model: Module): number {
  return model.parameters().reduce((sum, { size }) => sum + size, 0);
}

/** Counts a training of so many steps, whose batches have the given sizes. */
export async function measureTraining(config: RunConfig | TextRunConfig, { task, validation }: Training, sizes: BatchSizes, steps: number): Promise<TrainingSize> {
  const { accumulate, optimizer, average } = config.training;
  const loss = trainingGraph(task);
  const each = trainingFlops(loss);
  const { tokens, readTokens, epochs, operations, largest } = await sizes.sum(steps * accumulate, (dimensions) => dimensionValue(each, dimensions));
  const total = totalParameters(task.model);
  const copies = 2 + (optimizer.kind === "sgd" ? Number(optimizer.momentum > 0) : 2) + Number(average !== undefined);
  const forward = flops([validationGraph(task)]);
  let validationFlops = 0;
  for (let index = 0; validation !== undefined && index < validation.batchesInEpoch(0); index++) {
    const { feeds } = await validation.batch(0, index);
    validationFlops += dimensionValue(forward, bindDimensions(task.validationSignature, feeds));
  }
  return {
    parameters: nonEmbeddingParameters(task.model), totalParameters: total, steps, tokens, readTokens, epochs,
    uniqueTokens: Math.min(tokens, await sizes.epochTokens()), flops: operations, validationFlops,
    memoryBytes: 4 * total * copies + peakBytes([loss, ...gradients(loss, task.model.parameters().map(({ tensor }) => tensor))], largest),
  };
}

/** The most bytes that are alive at once when a graph is computed in order, each value until its last use. Weights do not count. */
export function peakBytes(outputs: readonly Tensor[], dimensions: DimValues): number {
  const order = topologicalOrder(outputs);
  const lastUse = new Map<Node, number>();
  order.forEach((node, at) => node.inputs.forEach((input) => lastUse.set(input.node, at)));
  for (const { node } of outputs) lastUse.set(node, order.length);
  const dying = new Map<number, Node[]>();
  for (const [node, at] of lastUse) dying.set(at, [...(dying.get(at) ?? []), node]);
  let [alive, peak] = [0, 0];
  order.forEach((node, at) => {
    peak = Math.max(peak, alive += nodeBytes(node, dimensions));
    for (const done of dying.get(at) ?? []) alive -= nodeBytes(done, dimensions);
  });
  return peak;
}

function nodeBytes(node: Node, dimensions: DimValues): number {
  if (isNode(node, "state") || isNode(node, "constant")) return 0;
  return node.types.reduce((sum, { shape, dtype }) => sum + dimensionValue(shapeSize(shape), dimensions) * (dtype === "bool" ? 1 : 4), 0);
}
