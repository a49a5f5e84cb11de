import { bindDimensions } from "../src/engines/dimensions.ts";
import { onnx } from "../src/engines/onnx/engine.ts";
import { inlineComposites } from "../src/graph/control.ts";
import { dimensionValue, type Dim } from "../src/graph/dimension.ts";
import { matrixProducts } from "../src/graph/flops.ts";
import { gradients } from "../src/graph/gradients.ts";
import { buildProgram, int32 } from "../src/graph/program.ts";
import { simplify } from "../src/graph/simplify.ts";
import type { OptimizerConfig } from "../src/train/config/config.ts";
import { TrainingPrograms } from "../src/train/training-programs.ts";
import type { TrainingBatch, TrainingTask } from "../src/train/training-task.ts";
import { EngineMatmul, operations, type Product } from "./engine-matmul.ts";
import { runPeer } from "./peer.ts";
import { median, peakMemoryMiB, processorTime, wallTime, watchEngine } from "./timing.ts";

export interface TrainingStep {
  readonly task: TrainingTask;
  readonly batch: TrainingBatch;
  readonly optimizer: OptimizerConfig;
  readonly learningRate: number;
  /** Of the gradient of the mean loss. */
  readonly clipNorm: number;
}

const ROUNDS = 8;

/** Large square products, of which one size or another runs at the engine's best rate. */
const SQUARES = [1024, 2048].map((side): Product => ({ rows: side, inner: side, columns: side, together: 1, transposed: false, count: 4 }));

export interface StepFigures {
  readonly tokensPerSecond: number;
  readonly gflops: number;
  readonly engineMatmulGflops: number;
  /** gflops / engineMatmulGflops */
  readonly ratio: number;
  /** The operations that the model needs, which leaves out what is computed twice, a second / the best rate of a large square product. */
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
  { task, batch, optimizer, learningRate, clipNorm }: TrainingStep, threads?: number,
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
  const products = productsOf(task, batch);
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
    mfu: rounded(programs.flops(batch) / milliseconds / 1e6 / squareGflops, 3),
    squareGflops: rounded(squareGflops, 1),
    typescriptShare: rounded(median(shares), 3),
    peakMemoryMiB: peakMemory,
  };
}

/**
 * The products of a batch's loss and gradient, in the shapes in which the engine gets them. Transpositions of left operands
 * are operations of their own, and count against the step.
 */
function productsOf(task: TrainingTask, batch: TrainingBatch): Product[] {
  const { fetches } = buildProgram({ ...task.signature, seed: int32() }, ({ seed, ...feeds }) => {
    const { loss } = task.trainingLoss(feeds, seed);
    const slopes = gradients(loss, task.model.parameters().map(({ tensor }) => tensor));
    return { loss, ...Object.fromEntries(slopes.map((slope, at) => [`slope${at}`, slope])) };
  });
  const dims = bindDimensions(task.signature, batch.feeds);
  const value = (dim: Dim): number => dimensionValue(dim, dims);
  const products = new Map<string, Product>();
  for (const { rows, inner, columns, together, times, transposed } of matrixProducts(simplify(inlineComposites(fetches.map(({ tensor }) => tensor))))) {
    const shape = { rows: value(rows), inner: value(inner), columns: value(columns), together: value(together), transposed };
    const key = JSON.stringify(shape);
    products.set(key, { ...shape, count: (products.get(key)?.count ?? 0) + value(times) });
  }
  return [...products.values()];
}

/** Figures of a step with AdamW, and of the same work in PyTorch, as written and compiled. */
export async function measureBesidePyTorch(script: string, step: Pick<TrainingStep, "task" | "batch">, size: object, threads?: number) {
  const figures = await measureStep({
    ...step, learningRate: 1e-3, clipNorm: 1,
    optimizer: { kind: "adamw", learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
  }, threads);
  const peerSize = { ...size, ...(threads !== undefined && { threads }) };
  return {
    ...figures, ...peerSize,
    peers: { ...await runPeer(script, peerSize), ...await runPeer(script, { ...peerSize, compiled: true }, "pytorchCompiled") },
  };
}

/** Token ids that are no special ones, in an order without short repetitions: [rows, time]. */
export function tokenIds(rows: number, time: number, vocabulary: number, factor: number): { data: Int32Array; shape: number[] } {
  return { data: Int32Array.from({ length: rows * time }, (_, i) => 4 + ((i * factor) % (vocabulary - 4))), shape: [rows, time] };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
