export { GraphError } from "./apply.ts";
export { composite, customGradient, scan, type ScanResult } from "./control.ts";
export { dimensionValue, type Dim, type DimValues } from "./dimension.ts";
export type { DType } from "./dtype.ts";
export { flops, matrixProducts, productFlops, type MatrixProduct } from "./flops.ts";
export { gradients } from "./gradients.ts";
export type { CompositeGradient } from "./operations.ts";
export { formatGraph } from "./print.ts";
export {
  bool, buildProgram, float32, int32, type ArrayType, type Program, type Results, type Signature, type StateUpdate,
} from "./program.ts";
export { withPath } from "./scope.ts";
export { formatShape, type Shape } from "./shape.ts";
export type { StateVariable } from "./state.ts";
export {
  concat, constant, input, iota, ones, randomUniform, stack, sumTo, Tensor, where, zeros, type TensorLike,
} from "./tensor.ts";
