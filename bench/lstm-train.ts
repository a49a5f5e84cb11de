import type { PairBatch } from "../src/data/collate.ts";
import { onnx } from "../src/engines/onnx/engine.ts";
import type { ModelConfig } from "../src/train/config.ts";
import { buildModel } from "../src/train/open-run.ts";
import { pairBatch, pairTask } from "../src/train/pair-task.ts";
import { TrainingPrograms } from "../src/train/training-programs.ts";
import { EngineMatmul, operations, type Product } from "./engine-matmul.ts";
import { runPeer } from "./peer.ts";
import { median, peakMemoryMiB, watchEngine } from "./timing.ts";

export interface LstmSize {
  readonly layers: number;
  readonly hidden: number;
  readonly batch: number;
  /** Tokens of a source and of a target. */
  readonly time: number;
  readonly vocabulary: number;
}

const ROUNDS = 8;

/** Rows of logits that `linearCrossEntropy` computes together. */
const LOGIT_ROWS = 256;

/**
 * A whole training step (loss, gradients, clipping, Adam's update) of the LSTM encoder-decoder: tokens per second, and
 * the rate of its arithmetic beside that of the engine's own products of the same shapes, in turns in one process.
 */
export async function lstmTrain(size: LstmSize) {
  const engineMilliseconds = watchEngine();
  const model = buildModel(modelConfig(size), size.vocabulary, size.vocabulary);
  const programs = await TrainingPrograms.compile(onnx(), pairTask(model, { labelSmoothing: 0 }), {
    optimizer: { kind: "adam", learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, accumulate: false,
  });
  const batch = pairBatch(makeBatch(size));
  const step = async (): Promise<void> => {
    const { squaredNorm } = await programs.addGradient(batch, 1, true);
    const scale = 1 / (size.batch * size.time);
    await programs.apply(scale * Math.min(1, 5 / (Math.sqrt(squaredNorm) * scale)), 1e-3);
  };
  const products = productsOf(size);
  const matmul = await new EngineMatmul().prepare(products);
  for (let warmup = 0; warmup < 2; warmup++) await step();
  const times: number[] = [];
  const shares: number[] = [];
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [start, before] = [performance.now(), engineMilliseconds()];
    await step();
    const milliseconds = performance.now() - start;
    times.push(milliseconds);
    shares.push(1 - (engineMilliseconds() - before) / milliseconds);
    if (round % 2 === 0) rates.push(await matmul.gflops(2));
  }
  const peakMemory = peakMemoryMiB();
  const milliseconds = median(times);
  const gflops = operations(products) / milliseconds / 1e6;
  const engineMatmulGflops = median(rates);
  return {
    tokensPerSecond: Math.round((2 * size.batch * size.time * 1000) / milliseconds),
    gflops: round1(gflops),
    engineMatmulGflops: round1(engineMatmulGflops),
    ratio: Math.round((1000 * gflops) / engineMatmulGflops) / 1000,
    typescriptShare: Math.round(1000 * median(shares)) / 1000,
    peakMemoryMiB: peakMemory,
    peers: await runPeer("lstm_train.py", size),
  };
}

export function modelConfig({ layers, hidden }: Pick<LstmSize, "layers" | "hidden">): Extract<ModelConfig, { kind: "seq2seq-lstm" }> {
  return {
    kind: "seq2seq-lstm", layers, encoderLayers: layers, decoderLayers: layers, hidden, embedding: hidden,
    bidirectional: false, attention: "none", inputFeeding: false, reverseSource: false, dropout: 0, residual: false,
    tiedEmbeddings: "none", bias: true, forgetBias: 1, initialization: { kind: "uniform", range: 0.08 },
  };
}

/**
 * The products of one step, forward once and backward once for each operand, in the shapes in which the engine gets
 * them. Transpositions of left operands are operations of their own, and count against the step.
 */
function productsOf({ layers, hidden, batch, time, vocabulary }: LstmSize): Product[] {
  const all = batch * time;
  const gates = 4 * hidden;
  const lstms = 2 * layers;
  const blocks = Math.ceil((all + 1) / LOGIT_ROWS);
  return [
    { rows: all, inner: hidden, columns: gates, count: lstms }, // x Wx
    { rows: all, inner: gates, columns: hidden, transposed: true, count: lstms }, // ∂x
    { rows: hidden, inner: all, columns: gates, count: 2 * lstms }, // ∂Wx, ∂Wh
    { rows: batch, inner: hidden, columns: gates, count: lstms * time }, // h Wh
    { rows: batch, inner: gates, columns: hidden, transposed: true, count: lstms * time }, // ∂h
    { rows: Math.ceil(all / blocks), inner: hidden, columns: vocabulary, transposed: true, count: blocks }, // logits
    { rows: all, inner: vocabulary, columns: hidden, count: 1 }, // ∂ of the top
    { rows: hidden, inner: all, columns: vocabulary, count: 1 }, // ∂ of the output weight
  ];
}

function makeBatch({ batch, time, vocabulary }: LstmSize): PairBatch {
  const ids = (factor: number) => ({
    data: Int32Array.from({ length: batch * time }, (_, i) => 4 + ((i * factor) % (vocabulary - 4))), shape: [batch, time],
  });
  const lengths = { data: new Int32Array(batch).fill(time), shape: [batch] };
  return {
    source: ids(7919), sourceLengths: lengths, targetInput: ids(104_729), targetOutput: ids(1_299_709), targetLengths: lengths,
    sourceTokens: batch * time, targetTokens: batch * time,
  };
}

function round1(value: number): number {
  return Math.round(10 * value) / 10;
}
