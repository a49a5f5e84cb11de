import type { Tensor } from "../graph/tensor.ts";
import { glorotInitializer, zeroInitializer, type Initializer } from "./initializer.ts";
import { Module, Parameter } from "./module.ts";

/** y = x W + b: [..., input] → [..., output]. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor(input: number, output: number, options: { bias?: boolean; initializer?: Initializer } = {}) {
    super();
    this.weight = new Parameter([input, output], options.initializer ?? glorotInitializer());
    this.bias = options.bias === false ? undefined : new Parameter([output], zeroInitializer);
  }

  forward(x: Tensor): Tensor {
    return this.within(() => {
      const product = x.matmul(this.weight.tensor);
      return this.bias === undefined ? product : product.add(this.bias.tensor);
    });
  }
}
