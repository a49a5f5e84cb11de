export { Seq2SeqLstm, type Seq2SeqLstmOptions } from "./seq2seq-lstm.ts";
export { Seq2SeqTransformer, type Seq2SeqTransformerOptions } from "./seq2seq-transformer.ts";
export type { SequenceLoss, SequenceModel, StepState, TrainingOptions, TranslationBatch } from "./sequence-model.ts";
