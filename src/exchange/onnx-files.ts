/** How the weights of an exported model are stored. */
export type OnnxWeights = "float32" | "int8" | "int4";

/** Names by which transformers.js finds a model, as its types "fp32", "q8" and "q4". */
export const ONNX_FILES: Readonly<Record<OnnxWeights, string>> = {
  float32: "onnx/model.onnx", int8: "onnx/model_quantized.onnx", int4: "onnx/model_q4.onnx",
};
