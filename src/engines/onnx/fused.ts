import type { Node } from "../../graph/node.ts";
import { attribute, type GraphBuilder } from "./builder.ts";

type Fused = (
  inputs: readonly string[],
  parameters: Readonly<Record<string, number>>,
  builder: GraphBuilder,
  node: Node<"composite">,
) => readonly string[];

/** Composites that the engine computes with one operator, by label. */
export const FUSED: ReadonlyMap<string, Fused> = new Map([
  ["softmax", (inputs, _parameters, builder) => [builder.add("Softmax", inputs, { axis: attribute.int(-1) })]],
  ["logSoftmax", (inputs, _parameters, builder) => [builder.add("LogSoftmax", inputs, { axis: attribute.int(-1) })]],
]);
