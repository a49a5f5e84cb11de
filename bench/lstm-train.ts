import type { ModelConfig } from "../src/train/config/config.ts";
import { buildModel } from "../src/train/run/open-run.ts";
import { pairBatch, pairTask } from "../src/train/pair-task.ts";
import type { TrainingBatch } from "../src/train/training-task.ts";
import { runPeer } from "./peer.ts";
import { measureStep, tokenIds } from "./training-step.ts";

export interface LstmSize {
  readonly layers: number;
  readonly hidden: number;
  readonly batch: number;
  /** Tokens of a source and of a target. */
  readonly time: number;
  readonly vocabulary: number;
}

/** A training step of the LSTM encoder-decoder, and the same in PyTorch. */
export async function lstmTrain(size: LstmSize, threads?: number) {
  const model = buildModel(modelConfig(size), size.vocabulary, size.vocabulary);
  const figures = await measureStep({
    task: pairTask(model, { labelSmoothing: 0 }), batch: evenPairs(size),
    optimizer: { kind: "adam", learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, learningRate: 1e-3, clipNorm: 5,
  }, threads);
  const peerSize = { ...size, ...(threads !== undefined && { threads }) };
  return { ...figures, peers: await runPeer("lstm_train.py", peerSize) };
}

export function modelConfig({ layers, hidden }: Pick<LstmSize, "layers" | "hidden">): Extract<ModelConfig, { kind: "seq2seq-lstm" }> {
  return {
    kind: "seq2seq-lstm", layers, encoderLayers: layers, decoderLayers: layers, hidden, embedding: hidden,
    bidirectional: false, attention: "none", inputFeeding: false, reverseSource: false, dropout: 0, residual: false,
    tiedEmbeddings: "none", bias: true, forgetBias: 1, initialization: { kind: "uniform", range: 0.08 },
  };
}

/** A batch of pairs without padding. */
export function evenPairs({ batch, time, vocabulary }: Pick<LstmSize, "batch" | "time" | "vocabulary">): TrainingBatch {
  const lengths = { data: new Int32Array(batch).fill(time), shape: [batch] };
  const ids = (factor: number) => tokenIds(batch, time, vocabulary, factor);
  return pairBatch({
    source: ids(7919), sourceLengths: lengths, targetInput: ids(104_729), targetOutput: ids(1_299_709), targetLengths: lengths,
    sourceTokens: batch * time, targetTokens: batch * time,
  });
}
