import type { Tensor } from "../graph/tensor.ts";
import { gelu, geluTanh, silu } from "./activation.ts";
import { Dropout } from "./dropout.ts";
import type { Initializer } from "./initializer.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";

export type FeedForwardActivation = "relu" | "gelu" | "gelu-tanh" | "silu" | "swiglu";

export interface FeedForwardOptions {
  /** "relu" by default. */
  readonly activation?: FeedForwardActivation;
  /** true by default. */
  readonly bias?: boolean;
  /** Share of the hidden units that are dropped out; 0 by default. */
  readonly dropout?: number;
  readonly initializer?: Initializer;
  /** Of the last layer; by default `initializer`. */
  readonly outputInitializer?: Initializer;
}

const ACTIVATIONS: Readonly<Record<FeedForwardActivation, (x: Tensor) => Tensor>> = {
  relu: (x) => x.relu(), gelu, "gelu-tanh": geluTanh, silu, swiglu: silu,
};

/**
 * The position-wise network of a Transformer: [..., dimension] → [..., hidden] → [..., dimension].
 *
 *     relu, gelu, gelu-tanh, silu   outer(f(inner(x)))                Vaswani et al. 2017, eq. 2
 *     swiglu                        outer(silu(gate(x)) · inner(x))   Shazeer 2020, eq. 6
 */
export class FeedForward extends Module {
  readonly inner: Linear;
  readonly gate: Linear | undefined;
  readonly outer: Linear;
  readonly dropout: Dropout;
  readonly activation: FeedForwardActivation;

  constructor(readonly dimension: number, readonly hidden: number, options: FeedForwardOptions = {}) {
    super();
    const { activation = "relu", bias = true, dropout = 0, initializer, outputInitializer = initializer } = options;
    const inward = { bias, ...(initializer && { initializer }) };
    this.activation = activation;
    this.inner = new Linear(dimension, hidden, inward);
    this.gate = activation === "swiglu" ? new Linear(dimension, hidden, inward) : undefined;
    this.outer = new Linear(hidden, dimension, { bias, ...(outputInitializer && { initializer: outputInitializer }) });
    this.dropout = new Dropout(dropout);
  }

  /** `seed`, an int32 scalar, switches dropout on. */
  forward(x: Tensor, seed?: Tensor): Tensor {
    return this.within(() => this.outer.forward(this.dropout.forward(this.#hidden(x), seed)));
  }

  #hidden(x: Tensor): Tensor {
    const inner = this.inner.forward(x); // [..., hidden]
    const { gate } = this;
    return gate === undefined ? ACTIVATIONS[this.activation](inner) : ACTIVATIONS[this.activation](gate.forward(x)).multiply(inner);
  }
}
