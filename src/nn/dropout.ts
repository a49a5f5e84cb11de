import { randomUniform, where, type Tensor } from "../graph/tensor.ts";
import { hashName } from "./initializer.ts";
import { Module } from "./module.ts";

const UNNAMED = "A dropout layer draws by its path, which its model gives it before it is used";

/** Arguments of a draw: a share, an int32 scalar and the number of a stream. */
export interface DropoutDraw {
  readonly rate: number;
  readonly seed: Tensor;
  readonly stream: number;
}

/**
 * Sets a share of the elements to zero while training and scales the rest by 1 / (1 - rate) (Srivastava et al. 2014).
 * The mask depends on the seed, the module's path and the position alone; so a model's paths must be known before it is
 * built, as they are after `model.seed(…)` or `model.parameters()`.
 */
export class Dropout extends Module {
  /** The path that a mask was drawn under. */
  #drawn: string | undefined;

  constructor(readonly rate: number) {
    super();
    if (!(rate >= 0 && rate < 1)) throw new Error(`A dropout rate is at least 0 and below 1, received ${rate}.`);
  }

  override attach(path: string): this {
    if (this.#drawn !== undefined && this.#drawn !== path) {
      throw new Error(`${UNNAMED}: this one drew as "${this.#drawn}" and is now "${path}". Call model.parameters() first.`);
    }
    return super.attach(path);
  }

  /** `seed` is an int32 scalar that differs from step to step; without it, as when decoding, x is returned. */
  forward(x: Tensor, seed: Tensor | undefined): Tensor {
    const drawn = this.draw(seed);
    if (drawn === undefined) return x;
    return this.within(() => {
      // Rounded, so that engines of every precision compare with the same number.
      const dropped = randomUniform(x.shape, drawn.seed, drawn.stream).less(Math.fround(this.rate));
      return where(dropped, 0, x.multiply(1 / (1 - this.rate)));
    });
  }

  /** What decides which elements are dropped, for layers that draw on their own; `undefined` where none are. */
  draw(seed: Tensor | undefined): DropoutDraw | undefined {
    if (seed === undefined || this.rate === 0) return undefined;
    if (this.path === "") throw new Error(`${UNNAMED}: call model.parameters() first.`);
    this.#drawn = this.path;
    return { rate: this.rate, seed, stream: hashName(this.path) | 0 };
  }
}
