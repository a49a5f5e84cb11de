import { isNode, type Node } from "../../graph/node.ts";
import type { StateVariable } from "../../graph/state.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { topologicalOrder } from "../../graph/traverse.ts";

/** What a node rests on. */
interface Grounds {
  readonly batch: boolean;
  readonly weights: boolean;
  readonly random: boolean;
}

const NOTHING: Grounds = { batch: false, weights: false, random: false };

/**
 * Tells a graph's activations, which rest on what is fed and on the state, from everything else: masks, positions and
 * transposed weights can be computed wherever they are needed, activations lie where they were computed.
 */
export class Dependence {
  /** Inputs first. */
  readonly order: readonly Node[];
  readonly #grounds = new Map<Node, Grounds>();

  /** @param activations placeholders that stand for activations */
  constructor(outputs: readonly Tensor[], activations: readonly Tensor[] = []) {
    this.order = topologicalOrder(outputs);
    for (const { node } of activations) this.#grounds.set(node, { batch: true, weights: true, random: false });
    for (const node of this.order) if (!this.#grounds.has(node)) this.#grounds.set(node, this.#groundsOf(node));
  }

  isActivation(node: Node): boolean {
    const { batch, weights } = this.#of(node);
    return batch && weights;
  }

  /** Whether a node is no activation, and its value is not drawn at random. */
  isCheap(node: Node): boolean {
    return !this.isActivation(node) && !this.#of(node).random;
  }

  /** The state that a node reads itself, or by way of what rests on the state alone. */
  weightsOf(node: Node): StateVariable[] {
    const found = new Set<StateVariable>();
    const seen = new Set<Node>();
    const pending = node.inputs.map((tensor) => tensor.node);
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (seen.has(next) || this.isActivation(next)) continue;
      seen.add(next);
      if (isNode(next, "state")) found.add(next.attributes.variable);
      pending.push(...next.inputs.map((tensor) => tensor.node));
    }
    return [...found];
  }

  #groundsOf(node: Node): Grounds {
    if (node.op === "input") return { ...NOTHING, batch: true };
    if (node.op === "state") return { ...NOTHING, weights: true };
    const inputs = node.inputs.map((tensor) => this.#of(tensor.node));
    return {
      batch: inputs.some(({ batch }) => batch), weights: inputs.some(({ weights }) => weights),
      random: node.op === "random" || inputs.some(({ random }) => random),
    };
  }

  #of(node: Node): Grounds {
    return this.#grounds.get(node) ?? NOTHING;
  }
}
