import * as ort from "onnxruntime-node";
import { OnnxDecoder, type DecoderShape } from "./onnx-decoder.ts";

/**
 * Opens an exported decoder in Node.
 *
 * @param model the bytes of the file
 */
export async function openOnnxDecoder(model: Uint8Array, shape: DecoderShape, threads?: number): Promise<OnnxDecoder> {
  const settings: ort.InferenceSession.SessionOptions = { logSeverityLevel: 3, enableMemPattern: false, ...(threads !== undefined && { intraOpNumThreads: threads }) };
  return new OnnxDecoder(await ort.InferenceSession.create(model, settings), shape);
}
