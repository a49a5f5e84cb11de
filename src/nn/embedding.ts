import type { Tensor } from "../graph/tensor.ts";
import { normalInitializer, type Initializer } from "./initializer.ts";
import { Module, Parameter } from "./module.ts";

/** A vector for each token: int32 [...] → [..., dimension]. */
export class Embedding extends Module {
  readonly weight: Parameter;

  constructor(vocabulary: number, dimension: number, initializer: Initializer = normalInitializer(dimension ** -0.5)) {
    super();
    this.weight = new Parameter([vocabulary, dimension], initializer);
  }

  forward(tokens: Tensor): Tensor {
    return this.within(() => this.weight.tensor.take(tokens));
  }
}
