import { describe, expect, test } from "vitest";
import { requireAgreement } from "../engines/conformance.ts";
import type { Executable } from "../engines/engine.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import type { StateStore } from "../engines/state-store.ts";
import { gradients } from "../graph/gradients.ts";
import { mix32 } from "../graph/ops/random.ts";
import { int32, type Results } from "../graph/program.ts";
import { constant, stack, type Tensor } from "../graph/tensor.ts";
import { logSoftmax } from "../nn/activation.ts";
import { requireTrueSlopes } from "../nn/fixtures/layer-checks.ts";
import { adam } from "../optim/adam.ts";
import { batchOf, END, PAIRS, SIGNATURE, START, type Pair } from "./fixtures/pairs.ts";
import { PlainSeq2Seq } from "./fixtures/plain-seq2seq.ts";
import { Seq2SeqLstm, type Seq2SeqLstmOptions } from "./seq2seq-lstm.ts";

const TINY: Seq2SeqLstmOptions = {
  sourceVocabulary: 8, targetVocabulary: 7, encoderLayers: 2, decoderLayers: 2, hidden: 4, embedding: 3,
  bidirectional: false, attention: "none", inputFeeding: false, dropout: 0, residual: false, tiedEmbeddings: "none",
  bias: true, forgetBias: 1, initialization: { kind: "glorot" },
};

/** Every choice that changes the arithmetic, alone and with others. */
const VARIANTS: Readonly<Record<string, Partial<Seq2SeqLstmOptions>>> = {
  plain: {},
  "without biases": { bias: false },
  "a shallow encoder, a deep decoder": { encoderLayers: 1, decoderLayers: 3 },
  "a deep encoder, a shallow decoder": { encoderLayers: 3, decoderLayers: 1 },
  bidirectional: { bidirectional: true },
  "bidirectional, with general attention": { bidirectional: true, attention: "general" },
  "dot attention": { attention: "dot" },
  "additive attention": { attention: "additive" },
  "additive attention with input feeding": { attention: "additive", inputFeeding: true },
  "general attention with input feeding, residual": { attention: "general", inputFeeding: true, residual: true, embedding: 4 },
  residual: { residual: true, encoderLayers: 3, decoderLayers: 3 },
  "residual from the embedding on": { residual: true, embedding: 4 },
  "output tied to the target embedding": { tiedEmbeddings: "target", embedding: 4 },
  "all embeddings tied": { tiedEmbeddings: "all", embedding: 4, sourceVocabulary: 7 },
};

/** A model with weights large enough that its distributions are far from even, and a state that holds them. */
function make(options: Partial<Seq2SeqLstmOptions>): { model: Seq2SeqLstm; state: StateStore } {
  const model = new Seq2SeqLstm({ ...TINY, ...options }).seed(3);
  const state = reference().createState();
  for (const parameter of model.parameters()) {
    state.declare(parameter);
    state.write(parameter.name, Array.from({ length: parameter.size }, (_, at) => mix32(mix32(at) + parameter.size) / 2 ** 31 - 1));
  }
  return { model, state };
}

/** The same weights for loops over numbers. Tied ones have one name in the model, and one a use there. */
function plainly({ model, state }: ReturnType<typeof make>): PlainSeq2Seq {
  return new PlainSeq2Seq(model.options, (name) => state.read({
    "sourceEmbedding.weight": model.sourceEmbedding.weight.name, "targetEmbedding.weight": model.targetEmbedding.weight.name,
    outputWeight: model.outputWeight.name,
  }[name] ?? name));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}

async function compileLoss(model: Seq2SeqLstm, state: StateStore, labelSmoothing = 0) {
  return reference().compile(SIGNATURE, (batch) => ({ ...model.loss(batch, { labelSmoothing, seed: undefined }) }), { state });
}

describe.each(Object.entries(VARIANTS))("%s", (_name, options) => {
  test("has the loss of plain loops over numbers, in a padded batch and alone", async () => {
    const made = make(options);
    const plain = plainly(made);
    const program = await compileLoss(made.model, made.state);
    const together = await program.run(batchOf(PAIRS));
    const expected = PAIRS.map(({ source, target }) => -sum(plain.logProbabilities(source, [START, ...target], [...target, END])));
    for (const [at, pair] of PAIRS.entries()) {
      expect(together.negativeLogLikelihoods.data[at]).toBeCloseTo(expected[at] ?? NaN, 10);
      const alone = await program.run(batchOf([pair]));
      expect(alone.negativeLogLikelihoods.data[0]).toBeCloseTo(expected[at] ?? NaN, 10);
      expect(alone.loss.data[0]).toBeCloseTo(expected[at] ?? NaN, 10);
    }
    expect(together.loss.data[0]).toBeCloseTo(sum(expected), 10);
  });

  test("decodes step by step as it is trained", async () => {
    const made = make(options);
    const pair = PAIRS[1] ?? { source: [], target: [] };
    const expected = plainly(made).logProbabilities(pair.source, [START, ...pair.target], [...pair.target, END]);
    const program = await reference().compile({ source: int32("batch", "sourceTime"), lengths: int32("batch") }, ({ source, lengths }) => {
      let decoder = made.model.encode(source, lengths);
      const tokens = [START, ...pair.target].map((token, time): Tensor => {
        const step = made.model.step(constant(token, "int32").broadcastTo(lengths.shape), decoder);
        decoder = { carried: step.carried, memory: decoder.memory };
        return logSoftmax(step.logits).slice(1, [...pair.target, END][time] ?? 0, ([...pair.target, END][time] ?? 0) + 1).squeeze(1);
      });
      return { logProbabilities: stack(tokens) };
    }, { state: made.state });
    // Beside a longer source, which only pads it.
    const { source, sourceLengths } = batchOf([pair, PAIRS[0] ?? pair]);
    const { logProbabilities } = await program.run({ source, lengths: sourceLengths });
    expected.forEach((value, time) => expect(logProbabilities.data[2 * time]).toBeCloseTo(value, 10));
  });

  test("is on onnx as on the reference, with derivatives", async () => {
    const model = new Seq2SeqLstm({ ...TINY, ...options, dropout: 0.3 }).seed(5);
    const axis = (dim: string, first: number, second: number) => ({ dim, sizes: [first, second] as const });
    const [rows, sourceTime, targetTime] = [axis("batch", 1, 3), axis("sourceTime", 4, 1), axis("targetTime", 1, 3)];
    const tokens = (below: number) => (uniform: number) => Math.floor(uniform * below);
    await requireAgreement(onnx({ threads: 1 }), reference(), {
      seed: 1,
      feeds: {
        source: { dtype: "int32", axes: [rows, sourceTime], value: tokens(7) }, sourceLengths: { dtype: "int32", axes: [rows], value: () => 1 },
        targetInput: { dtype: "int32", axes: [rows, targetTime], value: tokens(7) }, targetOutput: { dtype: "int32", axes: [rows, targetTime], value: tokens(7) },
        targetLengths: { dtype: "int32", axes: [rows], value: (uniform) => 1 + Math.floor(2 * uniform) }, draw: { dtype: "int32", axes: [], value: () => 7 },
      },
      build: ({ source, sourceLengths, targetInput, targetOutput, targetLengths, draw }): Results => {
        if (!source || !sourceLengths || !targetInput || !targetOutput || !targetLengths || !draw) throw new Error("A batch has five arrays.");
        const { loss, negativeLogLikelihoods } = model.loss({ source, sourceLengths, targetInput, targetOutput, targetLengths }, { labelSmoothing: 0.1, seed: draw });
        const slopes = gradients(loss, model.parameters().map(({ tensor }) => tensor));
        return { loss, negativeLogLikelihoods, ...Object.fromEntries(slopes.map((slope, at) => [`slope${at}`, slope])) };
      },
    });
  });
});

test.each([
  { bidirectional: true, attention: "general", tiedEmbeddings: "target", dropout: 0.3 },
  { attention: "additive", inputFeeding: true, residual: true, encoderLayers: 1, dropout: 0.3 },
] satisfies Partial<Seq2SeqLstmOptions>[])("has the derivatives of central differences: %j", async (options) => {
  const model = new Seq2SeqLstm({ ...TINY, sourceVocabulary: 6, targetVocabulary: 6, hidden: 2, embedding: 2, ...options }).seed(2);
  const { source, sourceLengths, targetInput, targetOutput, targetLengths } = batchOf([{ source: [4, 5, 3], target: [5] }, { source: [3], target: [4, 4] }]);
  const tensor = ({ data, shape }: { readonly data: Int32Array; readonly shape: readonly number[] }): Tensor => constant([...data], "int32", shape);
  await requireTrueSlopes(model.parameters(), () => [model.loss({
    source: tensor(source), sourceLengths: tensor(sourceLengths), targetInput: tensor(targetInput), targetOutput: tensor(targetOutput), targetLengths: tensor(targetLengths),
  }, { labelSmoothing: 0.1, seed: constant(9, "int32") }).loss]);
});

test("a source that the data reverses is read in that order", async () => {
  const made = make({});
  const program = await compileLoss(made.model, made.state);
  const [source, target] = [[4, 5, 6], [5, 6, 4]];
  const { loss } = await program.run(batchOf([{ source: [...source].reverse(), target }]));
  const ahead = -sum(plainly(made).logProbabilities([6, 5, 4], [START, ...target], [...target, END]));
  const other = -sum(plainly(made).logProbabilities(source, [START, ...target], [...target, END]));
  expect(loss.data[0]).toBeCloseTo(ahead, 10);
  expect(Math.abs(ahead - other)).toBeGreaterThan(0.001);
});

test("a smoothed loss mixes in the mean over the vocabulary; -log p does not", async () => {
  const made = make({});
  const epsilon = 0.2;
  const [plain, smoothed] = [await compileLoss(made.model, made.state), await compileLoss(made.model, made.state, epsilon)];
  const target = [5, 6];
  const pair = { source: [4, 3], target };
  const [one, other] = [await plain.run(batchOf([pair])), await smoothed.run(batchOf([pair]))];
  expect(other.negativeLogLikelihoods.data[0]).toBeCloseTo(Number(one.loss.data[0]), 12);
  const words = [...Array(TINY.targetVocabulary).keys()];
  const loops = plainly(made);
  // The sum over words of log p(word | prefix), each word in turn as the token that is asked for.
  const overWords = sum(words.flatMap((word) => loops.logProbabilities([4, 3], [START, ...target], [word, word, word])));
  expect(other.loss.data[0]).toBeCloseTo((1 - epsilon) * Number(one.loss.data[0]) - (epsilon / TINY.targetVocabulary) * overWords, 10);
});

describe("the model of 2014", () => {
  test("has 384,000,000 parameters, 64,000,000 of them recurrent, which nobody needs to allocate to count them", () => {
    const before = process.memoryUsage().rss;
    const model = new Seq2SeqLstm({
      ...TINY, sourceVocabulary: 160_000, targetVocabulary: 80_000, encoderLayers: 4, decoderLayers: 4, hidden: 1000, embedding: 1000,
      bias: false, initialization: { kind: "uniform", range: 0.08 },
    });
    expect(sum(model.parameters().map(({ size }) => size))).toBe(384_000_000);
    expect(sum(model.recurrentParameters().map(({ size }) => size))).toBe(64_000_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(50e6);
  });
});

describe("impossible choices are refused", () => {
  test.each([
    [{ tiedEmbeddings: "target" }, "Tied embeddings need model.embedding = model.hidden; they are 3 and 4."],
    [{ tiedEmbeddings: "all", embedding: 4 }, "Embeddings tied on both sides need one joint vocabulary; the sides have 8 and 7 tokens."],
    [{ inputFeeding: true }, 'Input feeding needs attention, but model.attention is "none"'],
    [{ bidirectional: true, hidden: 5 }, "needs an even number of hidden units, received 5"],
  ] satisfies [Partial<Seq2SeqLstmOptions>, string][])("%j", (options, message) => {
    expect(() => new Seq2SeqLstm({ ...TINY, ...options })).toThrow(message);
  });
});

/** Random pairs of short sequences. */
function taskPairs(count: number, seed: number, target: (source: readonly number[]) => readonly number[]): Pair[] {
  return Array.from({ length: count }, (_, pair) => {
    const draw = (at: number): number => mix32(mix32(seed * 100_003 + pair) + at);
    const source = Array.from({ length: 2 + (draw(0) % 4) }, (_unused, at) => 4 + (draw(at + 1) % 4));
    return { source: [...source, END], target: target(source) };
  });
}

/** Trains with Adam until the loss of unseen pairs, nats a token, is below the bound; gives the loss. */
async function trainUntil(
  model: Seq2SeqLstm, bound: number, steps: number, target: (source: readonly number[]) => readonly number[],
): Promise<{ loss: number; evaluate: Executable<typeof SIGNATURE, { negativeLogLikelihoods: Tensor }> }> {
  const engine = onnx({ threads: 1 });
  const state = engine.createState();
  const parameters = model.parameters();
  const step = await engine.compile(SIGNATURE, (batch) => {
    const loss = model.loss(batch, { labelSmoothing: 0, seed: undefined }).loss.divide(batch.targetLengths.sum().cast("float32"));
    const slopes = gradients(loss, parameters.map(({ tensor }) => tensor));
    const norm = slopes.map((slope) => slope.square().sum()).reduce((total, square) => total.add(square)).sqrt();
    const scale = constant(1).divide(norm.maximum(1));
    return { loss, updates: adam({ learningRate: 0.01 }).update(parameters.flatMap((variable, at) => {
      const gradient = slopes[at];
      return gradient === undefined ? [] : [{ variable, gradient, scale }];
    })) };
  }, { state });
  const evaluate = await engine.compile(SIGNATURE, (batch) => (
    { negativeLogLikelihoods: model.loss(batch, { labelSmoothing: 0, seed: undefined }).negativeLogLikelihoods }), { state });
  const unseen = taskPairs(64, 1, target);
  const tokens = sum(unseen.map((pair) => pair.target.length + 1));
  let loss = Infinity;
  for (let at = 1; at <= steps && loss >= bound; at++) {
    await step.run(batchOf(taskPairs(32, at + 1, target)));
    if (at % 20 === 0) loss = sum([...(await evaluate.run(batchOf(unseen))).negativeLogLikelihoods.data]) / tokens;
  }
  await step.dispose();
  return { loss, evaluate };
}

describe("learns", () => {
  test("to copy, ten layers deep with residual connections", async () => {
    const model = new Seq2SeqLstm({ ...TINY, sourceVocabulary: 8, targetVocabulary: 8, encoderLayers: 10, decoderLayers: 10, hidden: 16, embedding: 16, residual: true, attention: "dot" }).seed(1);
    const { loss, evaluate } = await trainUntil(model, 0.1, 600, (source) => source);
    await evaluate.dispose();
    expect(loss).toBeLessThan(0.1);
  });

  test("to reverse sequences, two layers deep", async () => {
    const model = new Seq2SeqLstm({ ...TINY, sourceVocabulary: 8, targetVocabulary: 8, hidden: 32, embedding: 16 }).seed(1);
    const { loss, evaluate } = await trainUntil(model, 0.05, 800, (source) => [...source].reverse());
    expect(loss).toBeLessThan(0.05);
    // The right output is likelier than any with one token changed.
    const source = [4, 7, 5, 5, END];
    const candidates = [[5, 5, 7, 4], [5, 5, 4, 7], [4, 7, 5, 5], [5, 7, 5, 4], [5, 5, 7]].map((target) => ({ source, target }));
    const [right = NaN, ...others] = (await evaluate.run(batchOf(candidates))).negativeLogLikelihoods.data;
    expect(right).toBeLessThan(0.3);
    others.forEach((other) => expect(other).toBeGreaterThan(right + 3));
    await evaluate.dispose();
  });
});
