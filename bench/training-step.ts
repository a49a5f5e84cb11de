import { onnx } from "../src/engines/onnx/engine.ts";
import type { OptimizerConfig } from "../src/train/config.ts";
import { TrainingPrograms } from "../src/train/training-programs.ts";
import type { TrainingBatch, TrainingTask } from "../src/train/training-task.ts";
import { EngineMatmul, operations, type Product } from "./engine-matmul.ts";
import { median, peakMemoryMiB, processorTime, wallTime, watchEngine } from "./timing.ts";

export interface TrainingStep {
  readonly task: TrainingTask;
  readonly batch: TrainingBatch;
  readonly optimizer: OptimizerConfig;
  readonly learningRate: number;
  /** Of the gradient of the mean loss. */
  readonly clipNorm: number;
  /** The matrix products of one step. */
  readonly products: readonly Product[];
}

const ROUNDS = 8;

/** Large square products, of which one size or another runs at the engine's best rate. */
const SQUARES = [1024, 2048].map((side): Product => ({ rows: side, inner: side, columns: side, count: 4 }));

/** Rows of logits that `linearCrossEntropy` computes together, at most. */
const LOGIT_ROWS = 256;

export interface StepFigures {
  readonly tokensPerSecond: number;
  readonly gflops: number;
  readonly engineMatmulGflops: number;
  /** gflops / engineMatmulGflops */
  readonly ratio: number;
  /** gflops / the best rate of a large square product. */
  readonly mfu: number;
  readonly squareGflops: number;
  readonly typescriptShare: number;
  readonly peakMemoryMiB: number;
}

/**
 * A whole training step (loss, gradients, clipping, the optimiser's update): tokens per second, and the rate of its
 * arithmetic beside that of the engine's own products of the same shapes, in turns in one process. Without `threads` the
 * engine uses all cores; with one thread, times are processor times.
 */
export async function measureStep(
  { task, batch, optimizer, learningRate, clipNorm, products }: TrainingStep, threads?: number,
): Promise<StepFigures> {
  const engineMilliseconds = watchEngine();
  const engine = onnx(threads === undefined ? {} : { threads });
  const clock = threads === 1 ? processorTime : wallTime;
  const programs = await TrainingPrograms.compile(engine, task, { optimizer, accumulate: false });
  const step = async (): Promise<void> => {
    const { squaredNorm } = await programs.addGradient(batch, 1, true);
    const scale = 1 / batch.targetTokens;
    await programs.apply(scale * Math.min(1, clipNorm / (Math.sqrt(squaredNorm) * scale)), learningRate);
  };
  for (let warmup = 0; warmup < 2; warmup++) await step();
  const peakMemory = peakMemoryMiB();
  const matmul = await new EngineMatmul(engine, clock).prepare(products);
  const squares = await Promise.all(SQUARES.map((square) => new EngineMatmul(engine, clock).prepare([square])));
  const [times, shares, rates, squareRates]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    const [start, begin, before] = [clock(), wallTime(), engineMilliseconds()];
    await step();
    times.push(clock() - start);
    shares.push(1 - (engineMilliseconds() - before) / (wallTime() - begin));
    if (round % 2 === 0) rates.push(await matmul.gflops(1));
    for (const square of squares) squareRates.push(await square.gflops(1));
  }
  const milliseconds = median(times);
  const gflops = operations(products) / milliseconds / 1e6;
  const [engineMatmulGflops, squareGflops] = [median(rates), Math.max(...squareRates)];
  return {
    tokensPerSecond: Math.round((batch.tokens * 1000) / milliseconds),
    gflops: rounded(gflops, 1),
    engineMatmulGflops: rounded(engineMatmulGflops, 1),
    ratio: rounded(gflops / engineMatmulGflops, 3),
    mfu: rounded(gflops / squareGflops, 3),
    squareGflops: rounded(squareGflops, 1),
    typescriptShare: rounded(median(shares), 3),
    peakMemoryMiB: peakMemory,
  };
}

/** Of x W, x [rows, inputs] and W [inputs, outputs]: forward once, and backward once for each operand. */
export function linearProducts(rows: number, inputs: number, outputs: number, count: number): Product[] {
  return [
    { rows, inner: inputs, columns: outputs, count },
    { rows, inner: outputs, columns: inputs, transposed: true, count }, // ∂x
    { rows: inputs, inner: rows, columns: outputs, count }, // ∂W
  ];
}

/** Of `linearCrossEntropy` over rows [rows, dimension]. */
export function crossEntropyProducts(rows: number, dimension: number, vocabulary: number): Product[] {
  const blocks = Math.ceil((rows + 1) / LOGIT_ROWS);
  const height = Math.ceil(rows / blocks);
  return [
    { rows: height, inner: dimension, columns: vocabulary, transposed: true, count: blocks }, // logits
    { rows: blocks * height, inner: vocabulary, columns: dimension, count: 1 }, // ∂ of the rows
    { rows: dimension, inner: blocks * height, columns: vocabulary, count: 1 }, // ∂ of the weight
  ];
}

/** Token ids that are no special ones, in an order without short repetitions: [rows, time]. */
export function tokenIds(rows: number, time: number, vocabulary: number, factor: number): { data: Int32Array; shape: number[] } {
  return { data: Int32Array.from({ length: rows * time }, (_, i) => 4 + ((i * factor) % (vocabulary - 4))), shape: [rows, time] };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
