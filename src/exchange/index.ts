export { ExchangeError } from "./exchange-error.ts";
export { openLanguageModel, type OpenedLanguageModel } from "./open-language-model.ts";
export { openLlama2c } from "./llama2c.ts";
export { openModelFolder } from "./open-model-folder.ts";
export { OnnxDecoder, type Past } from "./onnx-session.ts";
export { writeLanguageModel, type LanguageModelContents } from "./write-language-model.ts";
export { writeOnnx, type Quantization, type WriteOnnxOptions, type WrittenOnnx } from "./write-onnx.ts";
export { openTranslationModel, writeTranslationModel, type OpenedTranslationModel, type TranslationModelContents } from "./translation-model.ts";
