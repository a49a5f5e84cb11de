import fc from "fast-check";
import { apply } from "../graph/apply.ts";
import { composite, scan } from "../graph/control.ts";
import type { Dim } from "../graph/dimension.ts";
import type { DType } from "../graph/dtype.ts";
import { gradients } from "../graph/gradients.ts";
import { BINARY, COMPARISON, LOGICAL, UNARY, type OperationName } from "../graph/operations.ts";
import { mix32 } from "../graph/ops/random.ts";
import type { Results, Signature } from "../graph/program.ts";
import { concat, constant, iota, ones, randomUniform, where, type Tensor } from "../graph/tensor.ts";
import type { Engine, NumericArray } from "./engine.ts";

/** Runs of one compiled program; a named axis has a size in each. */
const RUNS = [0, 1] as const;

interface Axis {
  readonly dim: Dim;
  readonly sizes: readonly [number, number];
}

interface Feed {
  readonly dtype: DType;
  readonly axes: readonly Axis[];
  /** A value from a uniform number in [0, 1); by default -2 to 2, or -4 to 4, or a coin. */
  readonly value?: (uniform: number, run: 0 | 1) => number;
}

/** A small program, and where its inputs come from. */
export interface ConformanceCase {
  readonly seed: number;
  readonly feeds: Readonly<Record<string, Feed>>;
  build(tensors: Readonly<Record<string, Tensor>>): Results;
  /** Relative to 1 or the largest value; by default that of a few operations in float32. */
  readonly tolerance?: number;
}

/** Runs a case on both engines. Throws where shapes or values differ by more than rounding to float32. */
export async function requireAgreement(engine: Engine, oracle: Engine, test: ConformanceCase): Promise<void> {
  const signature: Signature = Object.fromEntries(Object.entries(test.feeds).map(([name, { dtype, axes }]) => (
    [name, { dtype, shape: axes.map(({ dim }) => dim) }])));
  const [actual, expected] = await Promise.all([engine.compile(signature, test.build), oracle.compile(signature, test.build)]);
  try {
    for (const run of RUNS) {
      const feeds = Object.fromEntries(Object.entries(test.feeds).map(([name, feed], at) => (
        [name, arrayOf(feed, mix32(test.seed + at), run)])));
      const [fetched, truth] = [await actual.run(feeds), await expected.run(feeds)];
      for (const [name, array] of Object.entries(truth)) requireClose(name, fetched[name], array, test.tolerance);
    }
  } finally {
    await Promise.all([actual.dispose(), expected.dispose()]);
  }
}

/** Throws where two arrays differ in shape, or by more than the tolerance relative to 1 or to the largest expected number. */
export function requireClose(name: string, actual: NumericArray | undefined, expected: NumericArray, tolerance = 1e-5): void {
  if (actual?.shape.join() !== expected.shape.join()) {
    throw new Error(`"${name}" is [${actual?.shape.join(", ") ?? "missing"}], expected [${expected.shape.join(", ")}].`);
  }
  const scale = Math.max(1, ...Array.from(expected.data, Math.abs).filter(Number.isFinite));
  expected.data.forEach((value, at) => {
    const got = Number(actual.data[at]);
    const same = Object.is(got, value) || got === value || Math.abs(got - value) <= tolerance * scale;
    if (!same) throw new Error(`"${name}" [${expected.shape.join(", ")}] is ${got} at ${at}, expected ${value}.`);
  });
}

function arrayOf({ dtype, axes, value }: Feed, seed: number, run: 0 | 1): NumericArray<Float32Array | Int32Array | Uint8Array> {
  const shape = axes.map(({ sizes }) => sizes[run]);
  const size = shape.reduce((product, dim) => product * dim, 1);
  const uniform = (at: number): number => mix32(seed + at * 2 + run) / 2 ** 32;
  const draw = value ?? DEFAULT_VALUE[dtype];
  const numbers = Array.from({ length: size }, (_, at) => draw(uniform(at), run));
  return { shape, data: dtype === "float32" ? Float32Array.from(numbers) : dtype === "int32" ? Int32Array.from(numbers) : Uint8Array.from(numbers) };
}

const DEFAULT_VALUE: Readonly<Record<DType, (uniform: number) => number>> = {
  float32: (uniform) => uniform * 4 - 2,
  int32: (uniform) => Math.floor(uniform * 9) - 4,
  bool: (uniform) => Number(uniform < 0.5),
};

/** Sizes 0 and 1 are as likely as all others together. */
function sizes(smallest: number): fc.Arbitrary<number> {
  return fc.oneof(fc.integer({ min: smallest, max: Math.max(smallest, 1) }), fc.integer({ min: Math.max(smallest, 1), max: 5 }));
}

function axis(name: string, smallest = 0): fc.Arbitrary<Axis> {
  return fc.tuple(sizes(smallest), sizes(smallest), fc.boolean()).map(([first, second, named]) => (
    named ? { dim: name, sizes: [first, second] } : { dim: first, sizes: [first, first] }));
}

function shape(lowestRank: number, highestRank: number, smallest = 0): fc.Arbitrary<Axis[]> {
  return fc.integer({ min: lowestRank, max: highestRank }).chain((rank) => (
    fc.tuple(...Array.from({ length: rank }, (_, at) => axis(`d${at}`, smallest)))));
}

/** A shape that broadcasts with the given one: some axes become 1, some leading ones are left out. */
function broadcastWith(axes: readonly Axis[]): fc.Arbitrary<Axis[]> {
  return fc.tuple(fc.nat(axes.length), fc.array(fc.boolean(), { minLength: axes.length, maxLength: axes.length })).map(([dropped, kept]) => (
    axes.map((own, at) => (kept[at] === true ? own : ONE)).slice(dropped)));
}

const ONE: Axis = { dim: 1, sizes: [1, 1] };
const seeds = fc.integer({ min: 0, max: 2 ** 30 });
const flag = fc.boolean();
const numbers = fc.constantFrom<DType>("float32", "int32");
const types = fc.constantFrom<DType>("float32", "int32", "bool");

function tensor(tensors: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const found = tensors[name];
  if (found === undefined) throw new Error(`The case has no feed "${name}".`);
  return found;
}

type Build = (x: Tensor, y: Tensor, z: Tensor) => Results;

/** A case with up to three feeds x, y and z. */
function feeding(seed: number, feeds: readonly Feed[], build: Build): ConformanceCase {
  const names = ["x", "y", "z"];
  return {
    seed,
    feeds: Object.fromEntries(feeds.map((feed, at) => [names[at] ?? "", feed])),
    build: (tensors) => {
      const [x, y = x, z = x] = feeds.map((_, at) => tensor(tensors, names[at] ?? ""));
      if (x === undefined || y === undefined || z === undefined) throw new Error("A case has a feed.");
      return build(x, y, z);
    },
  };
}

/** The domain of an operation that is not defined, or not smooth, everywhere. */
const DOMAINS: Partial<Record<OperationName, (uniform: number) => number>> = {
  log: (uniform) => 0.1 + 3 * uniform,
  sqrt: (uniform) => 3 * uniform,
  reciprocal: (uniform) => 0.5 + uniform,
  floor: (uniform) => Math.floor(uniform * 9) - 4 + 0.3,
};

type Cases<K extends string> = Record<K, fc.Arbitrary<ConformanceCase>>;

function table<K extends string>(names: readonly K[], one: (name: K) => fc.Arbitrary<ConformanceCase>): Cases<K> {
  return Object.fromEntries(names.map((name) => [name, one(name)])) as Cases<K>;
}

const INTEGER_UNARY: ReadonlySet<OperationName> = new Set<OperationName>(["negate", "abs", "sign"]);

const unaryCases = table(UNARY, (name) => fc.tuple(seeds, shape(0, 3), numbers).map(([seed, axes, dtype]) => {
  const value = DOMAINS[name];
  const type = INTEGER_UNARY.has(name) ? dtype : "float32";
  return feeding(seed, [{ dtype: type, axes, ...(value && { value }) }], (x) => ({ y: apply(name, [x], {}) }));
}));

function broadcasting(dtypes: fc.Arbitrary<DType>, build: (dtype: DType) => { feeds: (axes: readonly Axis[][]) => Feed[]; build: Build }) {
  return shape(0, 4).chain((axes) => fc.tuple(seeds, fc.constant(axes), broadcastWith(axes), broadcastWith(axes), dtypes, flag))
    .map(([seed, a, b, c, dtype, swap]) => {
      const { feeds, build: builder } = build(dtype);
      return feeding(seed, feeds(swap ? [b, a, c] : [a, b, c]), builder);
    });
}

const binaryCases = table(BINARY, (name) => broadcasting(numbers, (dtype) => ({
  // A power of a negative number, and a quotient by a number near zero, are not compared.
  feeds: ([a = [], b = []]) => [
    { dtype, axes: a, ...(name === "power" && { value: dtype === "int32" ? (uniform) => Math.floor(uniform * 4) : (uniform) => 0.2 + 2 * uniform }) },
    { dtype, axes: b, ...((name === "divide" || (name === "power" && dtype === "int32")) && { value: (uniform) => 1 + Math.floor(uniform * 3) }) },
  ],
  build: (x, y) => ({ z: apply(name, [x, y], {}) }),
})));

const comparisonCases = table(COMPARISON, (name) => broadcasting(numbers, (dtype) => ({
  feeds: ([a = [], b = []]) => [a, b].map((axes) => ({ dtype, axes, value: (uniform) => Math.floor(uniform * 4) })),
  build: (x, y) => ({ z: apply(name, [x, y], {}) }),
})));

const logicalCases = table(LOGICAL, (name) => broadcasting(fc.constant("bool"), (dtype) => ({
  feeds: ([a = [], b = []]) => [{ dtype, axes: a }, { dtype, axes: b }],
  build: (x, y) => ({ z: apply(name, [x, y], {}) }),
})));

/** A tensor of any type and shape. */
function movement(lowestRank: number, build: (x: Tensor, choices: readonly number[], feed: Feed) => Results, smallest = 0): fc.Arbitrary<ConformanceCase> {
  return fc.tuple(seeds, shape(lowestRank, 4, smallest), types, fc.array(fc.nat(1000), { minLength: 6, maxLength: 6 })).map(([seed, axes, dtype, choices]) => (
    feeding(seed, [{ dtype, axes }], (x) => build(x, choices, { dtype, axes }))));
}

function pickAxis({ rank }: Tensor, choice = 0): number {
  return choice % rank;
}

/**
 * Shapes [batch..., m, k] and [batch..., k, n] of two factors. ONNX Runtime leaves batches of empty sums unset, which
 * its engine refuses, and does not broadcast where a product is empty, so these are left out.
 */
const factors = fc.oneof(
  fc.tuple(axis("m"), axis("k"), axis("n")).map(([m, k, n]) => ({ a: [], b: [], m, k, n })),
  fc.tuple(shape(0, 2), axis("m"), axis("k", 1), axis("n")).map(([batch, m, k, n]) => ({ a: batch, b: batch, m, k, n })),
  shape(0, 2, 1).chain((batch) => fc.tuple(broadcastWith(batch), axis("m", 1), axis("k", 1), axis("n", 1), flag)
    .map(([other, m, k, n, swap]) => ({ a: swap ? other : batch, b: swap ? batch : other, m, k, n }))),
);

/** Indices into an axis, from either end. */
function indicesInto(target: Axis, axes: readonly Axis[]): Feed {
  return { dtype: "int32", axes, value: (uniform, run) => Math.floor((2 * uniform - 1) * target.sizes[run]) };
}

const rowIndexing = fc.tuple(seeds, shape(1, 3, 1), fc.tuple(axis("i"), axis("j")), fc.nat(2), numbers).map(([seed, axes, ij, rank, dtype]) => (
  { seed, axes, dtype, indexAxes: ij.slice(0, rank), target: axes[0] ?? ONE, rest: axes.slice(1) }));

const alongIndexing = fc.tuple(seeds, shape(1, 3, 1), axis("i"), fc.nat(1000), numbers).map(([seed, axes, own, choice, dtype]) => {
  const along = choice % axes.length;
  return { seed, axes, dtype, along, indexAxes: axes.map((other, at) => (at === along ? own : other)), target: axes[along] ?? ONE };
});

function reduction(name: "reduceSum" | "reduceMax", smallest: number): fc.Arbitrary<ConformanceCase> {
  return fc.tuple(seeds, shape(0, 4, smallest), numbers, fc.nat(15), flag).map(([seed, axes, dtype, mask, keep]) => (
    feeding(seed, [{ dtype, axes }], (x) => (
      { y: apply(name, [x], { axes: axes.flatMap((_, at) => (((mask >> at) & 1) === 1 ? [at] : [])), keep }) }))));
}

/** A recurrent layer: a carried product with a captured matrix, over slices of any number of steps. */
const recurrence = fc.tuple(seeds, axis("time"), axis("batch"), fc.integer({ min: 1, max: 3 }), flag, flag).map(([seed, time, batch, width, reverse, masked]) => (
  feeding(seed, [
    { dtype: "float32", axes: [time, batch, fixed(width)] },
    { dtype: "float32", axes: [fixed(width), fixed(width)] },
    { dtype: "bool", axes: [time, batch] },
  ], (x, weight, mask) => {
    const start = x.sum(0);
    const { carries: [last = start], outputs: [all = x, steps = x] } = scan(
      [start, constant(0, "int32")], [x, mask],
      ([hidden = start, count = start], [slice = start, keep = mask]) => {
        const next = hidden.matmul(weight).add(slice).tanh();
        const kept = masked ? where(keep.expandDims(-1), next, hidden) : next;
        return { carries: [kept, count.add(1)], outputs: [kept, count] };
      }, { reverse });
    return { last, all, steps };
  })));

function fixed(size: number): Axis {
  return { dim: size, sizes: [size, size] };
}

/** A loop over columns inside a loop over rows; the inner one mentions the outer one's carry and the outermost graph. */
export const nestedScan = fc.tuple(seeds, axis("rows"), axis("columns"), flag, flag).map(([seed, rows, columns, outerReverse, innerReverse]) => (
  feeding(seed, [{ dtype: "float32", axes: [rows, columns] }, { dtype: "float32", axes: [] }], (x, scale) => {
    const zero = constant(0);
    const { carries: [last = x], outputs: [sums = x, rowsOut = x] } = scan([zero], [x], ([total = x], [row = x]) => {
      const inner = scan([zero], [row], ([sum = x], [element = x]) => {
        const next = sum.multiply(scale.exp()).add(element.multiply(total.sigmoid()));
        return { carries: [next], outputs: [next] };
      }, { reverse: innerReverse });
      const [sum = x] = inner.carries;
      return { carries: [total.add(sum).tanh()], outputs: [sum, inner.outputs[0] ?? x] };
    }, { reverse: outerReverse });
    return { last, sums, rows: rowsOut };
  })));

/** Derivatives of a recurrent layer that attends to a memory one position longer than its source, and draws noise. */
export const trainingCase = fc.tuple(seeds, axis("time", 1), axis("batch", 1), axis("source", 1), flag).map(([seed, time, batch, source, reverse]): ConformanceCase => ({
  tolerance: 2e-4, // second derivatives of a long chain
  ...feeding(seed, [
    { dtype: "float32", axes: [time, batch, fixed(3)], value: small }, { dtype: "float32", axes: [batch, source, fixed(3)], value: small },
    { dtype: "float32", axes: [fixed(3), fixed(3)], value: small },
  ], (x, memory, weight) => {
    const keys = memory.pad(1, 1, 0); // [batch, source + 1, 3]
    const noise = randomUniform([x.dim(1), 3], constant(seed, "int32"), 4);
    const { carries: [last = x], outputs: [all = x, scores = x] } = scan([x.sum(0)], [x], ([hidden = x], [slice = x]) => {
      const next = hidden.matmul(weight).add(slice).add(noise).tanh();
      const attention = next.expandDims(1).matmul(keys.transpose()); // [batch, 1, source + 1]
      return { carries: [next.add(attention.sigmoid().matmul(keys).squeeze(1)).multiply(0.5)], outputs: [next, attention.squeeze(1)] };
    }, { reverse });
    const loss = last.square().sum().add(all.sum()).add(scores.sum(0).square().sum());
    const [byX = x, byMemory = x, byWeight = x] = gradients(loss, [x, memory, weight]);
    const [second = x] = gradients(byWeight.square().sum(), [x]);
    return { loss, scores, byX, byMemory, byWeight, second };
  }),
}));

/** A function that holds a loop, applied twice, and its derivative: all share the loop's body. */
export const loopInComposite = fc.tuple(seeds, axis("time"), axis("width"), flag).map(([seed, time, width, reverse]) => (
  feeding(seed, [{ dtype: "float32", axes: [time, width] }, { dtype: "float32", axes: [width] }], (x, scale) => {
    const apply = (rows: Tensor): Tensor => composite("", [rows, scale, scale], (r = x, s = x, start = x) => {
      const { outputs } = scan([start], [r], ([sum = x], [row = x]) => {
        const next = sum.multiply(s).add(row.sin()).tanh();
        return { carries: [next], outputs: [next] };
      }, { reverse });
      return outputs;
    })[0] ?? rows;
    const y = apply(apply(x));
    const [byX = x, byScale = x] = gradients(y.square().sum(), [x, scale]);
    return { y, byX, byScale };
  })));

/** Sizes that are sums and products of named dimensions. */
export const polynomialShapes = fc.tuple(seeds, axis("batch"), axis("time")).map(([seed, batch, time]) => (
  feeding(seed, [{ dtype: "float32", axes: [batch, time] }], (x) => {
    const longer = concat([x, x.pad(1, 2, 0)], 1); // [batch, 2 time + 2]
    const size = longer.dim(1);
    return {
      longer, flat: longer.reshape([-1]), tail: longer.slice(1, x.dim(1)), positions: iota([x.dim(0), size], 1),
      square: longer.expandDims(1).multiply(ones([x.dim(0), size, 1])), noise: randomUniform(longer.shape, constant(seed, "int32"), 1),
      mean: longer.pad(0, 1, 0).mean(0),
    };
  })));

/** A labelled function, as engines with an operator of their own for it see it. */
export function softmaxCase(label: "softmax" | "logSoftmax"): fc.Arbitrary<ConformanceCase> {
  return fc.tuple(seeds, shape(1, 3)).map(([seed, axes]) => feeding(seed, [{ dtype: "float32", axes }], (x) => {
    const [y = x] = composite(label, [x], (logits = x) => {
      const shifted = logits.subtract(logits.max(-1, true));
      const total = shifted.exp().sum(-1, true);
      return [label === "softmax" ? shifted.exp().divide(total) : shifted.subtract(total.log())];
    });
    return { y };
  }));
}

/** Small programs for every operation; one without a case does not type-check. */
export const conformanceCases = {
  ...unaryCases,
  ...binaryCases,
  ...comparisonCases,
  ...logicalCases,
  input: movement(0, (x) => ({ x, y: x })),
  state: fc.tuple(seeds, fc.array(fc.nat(3), { maxLength: 3 }), fc.constantFrom<"float32" | "int32">("float32", "int32")).map(([seed, dims, dtype]): ConformanceCase => ({
    seed,
    feeds: {},
    build: () => {
      const feed: Feed = { dtype, axes: dims.map(fixed) };
      const variable = { name: "table", shape: dims, dtype, initialize: () => arrayOf(feed, seed, 0).data as Float32Array | Int32Array };
      const state = apply("state", [], { variable });
      return { state, flat: state.reshape([-1]), sum: state.add(state) };
    },
  })),
  constant: fc.tuple(seeds, shape(0, 3), types).map(([seed, axes, dtype]): ConformanceCase => ({
    seed,
    feeds: {},
    build: () => {
      const { data, shape: dims } = arrayOf({ dtype, axes }, seed, 0);
      return { array: constant([...data], dtype, dims), infinite: constant([Infinity, -Infinity, NaN, 0]) };
    },
  })),
  not: movement(0, (x) => ({ y: x.cast("bool").not() })),
  cast: movement(0, (x) => ({ number: x.cast("float32"), index: x.cast("int32"), flag: x.cast("bool") })),
  where: broadcasting(numbers, (dtype) => ({
    feeds: ([a = [], b = [], c = []]) => [{ dtype: "bool", axes: b }, { dtype, axes: a }, { dtype, axes: c }],
    build: (condition, then, otherwise) => ({ y: where(condition, then, otherwise) }),
  })),
  stopGradient: movement(0, (x) => ({ y: x.stopGradient() })),
  matmul: fc.tuple(seeds, factors, flag, flag).map(([seed, { a, b, m, k, n }, transposeA, transposeB]) => feeding(seed, [
    { dtype: "float32", axes: transposeA ? [...a, k, m] : [...a, m, k] },
    { dtype: "float32", axes: transposeB ? [...b, n, k] : [...b, k, n] },
  ], (x, y) => ({ z: (transposeA ? x.transpose() : x).matmul(transposeB ? y.transpose() : y) }))),
  reduceSum: reduction("reduceSum", 0),
  reduceMax: reduction("reduceMax", 1),
  argmax: fc.tuple(seeds, shape(1, 4, 1), numbers, fc.nat(1000)).map(([seed, axes, dtype, choice]) => (
    feeding(seed, [{ dtype, axes, value: ties }], (x) => ({ y: x.argmax(pickAxis(x, choice)) })))),
  topK: fc.tuple(seeds, shape(1, 3, 1), numbers, fc.nat(1000)).map(([seed, axes, dtype, choice]) => (
    feeding(seed, [{ dtype, axes, value: ties }], (x) => (
      { ...x.topK(choice % (Math.min(...(axes.at(-1)?.sizes ?? [1])) + 1)) })))),
  reshape: movement(0, (x) => ({
    flat: x.reshape([-1]), wrapped: x.reshape([1, ...x.shape, 1]), half: x.rank > 1 ? x.reshape([-1, ...x.shape.slice(2)]) : x,
  }), 1),
  broadcastTo: shape(0, 4).chain((axes) => fc.tuple(seeds, fc.constant(axes), broadcastWith(axes), types)).map(([seed, axes, small, dtype]) => feeding(
    seed, [{ dtype, axes }, { dtype, axes: small }], (x, y) => ({ z: y.broadcastTo(x.shape) }))),
  transpose: movement(0, (x, choices) => ({
    y: x.transpose([...x.shape.keys()].sort((a, b) => (choices[a] ?? 0) - (choices[b] ?? 0))),
    last: x.rank < 2 ? x : x.transpose(),
  })),
  concat: fc.tuple(seeds, shape(1, 3), axis("other"), types, fc.nat(1000)).map(([seed, axes, other, dtype, choice]) => {
    const along = choice % axes.length;
    return feeding(seed, [{ dtype, axes }, { dtype, axes: axes.map((own, at) => (at === along ? other : own)) }], (x, y) => (
      { z: concat([x, y, x], along) }));
  }),
  split: movement(1, (x, [choice = 0, size = 0]) => {
    const along = pickAxis(x, choice);
    const parts = x.pad(along, size % 3, 1).split([size % 3, x.dim(along), 1], along);
    return Object.fromEntries(parts.map((part, at) => [`part${at}`, part]));
  }),
  slice: movement(1, (x, [choice = 0, start = 0]) => {
    const along = pickAxis(x, choice);
    const wide = x.pad(along, 2, 1);
    return { y: wide.slice(along, start % 3, wide.dim(along)), first: wide.slice(along, 0, 2), tail: wide.slice(along, x.dim(along)) };
  }),
  pad: movement(1, (x, [choice = 0, before = 0, after = 0]) => (
    { y: x.pad(pickAxis(x, choice), before % 3, after % 3), twice: x.pad(pickAxis(x, choice), x.dim(pickAxis(x, choice)), 0) })),
  reverse: movement(1, (x, [choice = 0]) => ({ y: x.reverse(pickAxis(x, choice)) })),
  take: rowIndexing.map(({ seed, axes, dtype, indexAxes, target }) => feeding(
    seed, [{ dtype, axes }, indicesInto(target, indexAxes)], (x, at) => ({ y: x.take(at) }))),
  scatterAdd: rowIndexing.map(({ seed, axes, dtype, indexAxes, target, rest }) => feeding(
    seed, [{ dtype, axes }, indicesInto(target, indexAxes), { dtype, axes: [...indexAxes, ...rest] }],
    (x, at, updates) => ({ y: x.scatterAdd(at, updates) }))),
  takeAlong: alongIndexing.map(({ seed, axes, dtype, along, indexAxes, target }) => feeding(
    seed, [{ dtype, axes }, indicesInto(target, indexAxes)], (x, at) => ({ y: x.takeAlong(at, along) }))),
  scatterAlong: alongIndexing.map(({ seed, axes, dtype, along, indexAxes, target }) => feeding(
    seed, [{ dtype, axes }, indicesInto(target, indexAxes), { dtype, axes: indexAxes }],
    (x, at, updates) => ({ y: x.scatterAlong(at, updates, along) }))),
  iota: movement(1, (x, [choice = 0]) => ({ y: iota(x.shape, pickAxis(x, choice)) })),
  random: fc.tuple(seeds, shape(0, 3), fc.integer({ min: 0, max: 2 ** 31 - 1 })).map(([seed, axes, stream]): ConformanceCase => ({
    ...feeding(seed, [
      { dtype: "int32", axes: [], value: (uniform) => Math.floor((uniform - 0.5) * 2 ** 32) }, { dtype: "bool", axes },
    ], (draw, like) => ({ y: randomUniform(like.shape, draw, stream), z: randomUniform(like.shape, draw, 0) })),
    tolerance: 0, // the same bits in every engine
  })),
  scan: recurrence,
  composite: fc.tuple(seeds, shape(0, 3)).map(([seed, axes]) => feeding(seed, [{ dtype: "float32", axes }], (x) => {
    const [sum = x, ratio = x] = composite("unknown to every engine", [x, ones(x.shape)], (a = x, b = x) => [a.add(b), a.divide(b)]);
    return { sum, ratio };
  })),
} satisfies Record<OperationName, fc.Arbitrary<ConformanceCase>>;

function small(uniform: number): number {
  return uniform - 0.5;
}

function ties(uniform: number): number {
  return Math.floor(uniform * 3);
}
