export { Seq2SeqLstm, type Seq2SeqLstmOptions } from "./seq2seq-lstm.ts";
export type { SequenceLoss, SequenceModel, StepState, TrainingOptions, TranslationBatch } from "./sequence-model.ts";
