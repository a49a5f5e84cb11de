/** Element types. The CPU engines compute `float32`; indices are `int32`; comparisons give `bool`. */
export type DType = "float32" | "int32" | "bool";
