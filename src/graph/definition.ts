import type { DimValues } from "./dimension.ts";
import type { NdArray } from "./nd-array.ts";
import type { TensorType } from "./node.ts";
import type { Tensor } from "./tensor.ts";

export interface GradientContext<Attributes> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** The loss's derivative by each output; `undefined` is zero. */
  readonly cotangents: readonly (Tensor | undefined)[];
  readonly attributes: Attributes;
}

/** Everything that is known about an operation outside engines. */
export interface Definition<Attributes> {
  /** Output types. Throws a clause (no operation name, no full stop) that says what does not fit. */
  infer(inputs: readonly TensorType[], attributes: Attributes): readonly TensorType[];
  /** The loss's derivative by each input, written with operations; absent where it is zero everywhere. */
  gradient?(context: GradientContext<Attributes>): readonly (Tensor | undefined)[];
  /** Reference semantics in float64. */
  evaluate(inputs: readonly NdArray[], attributes: Attributes, dims: DimValues): readonly NdArray[];
}
