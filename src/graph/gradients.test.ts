import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { apply } from "./apply.ts";
import { composite, customGradient, scan } from "./control.ts";
import type { Dim } from "./dimension.ts";
import { evaluateGraph } from "./evaluate.ts";
import { gradients } from "./gradients.ts";
import { ndArray, sizeOf, type NdArray } from "./nd-array.ts";
import { isNode, type Node } from "./node.ts";
import { BINARY, UNARY, type OperationName } from "./operations.ts";
import { mix32 } from "./ops/random.ts";
import { shapesEqual } from "./shape.ts";
import { simplify } from "./simplify.ts";
import { concat, constant, input, iota, randomUniform, where, type Tensor } from "./tensor.ts";
import { TensorMap, topologicalOrder } from "./traverse.ts";

interface Axis {
  readonly dim: Dim;
  readonly size: number;
}

interface Draw {
  readonly axes: readonly Axis[];
  readonly value?: (uniform: number) => number;
}

/** A differentiable function of float arrays. */
interface Example {
  readonly inputs: readonly Draw[];
  build(...tensors: Tensor[]): readonly (Tensor | undefined)[];
}

const STEP = 1e-5;

/**
 * Compares the derivatives of a weighted sum of all results with central differences, in float64, where the error is
 * of the order of 1e-9. Throws where they differ by more than 1e-6 of 1 or of their size.
 */
function requireTrueGradients({ inputs, build }: Example, seed = 1): void {
  const dims = new Map(inputs.flatMap(({ axes }) => axes.flatMap(({ dim, size }) => (typeof dim === "string" ? [[dim, size] as const] : []))));
  const tensors = inputs.map(({ axes }, at) => input(`x${at}`, "float32", axes.map(({ dim }) => dim)));
  const arrays = inputs.map((draw, at) => arrayOf(draw, seed + at));
  const results = build(...tensors).flatMap((result) => (result?.dtype === "float32" ? [result] : []));
  const loss = results.map((result, at) => result.multiply(randomUniform(result.shape, constant(seed, "int32"), at).subtract(0.3)).sum())
    .reduce((sum, term) => sum.add(term), constant(0));
  const slopes = gradients(loss, tensors);
  slopes.forEach((slope, at) => expect(slope.shape).toEqual(tensors[at]?.shape));
  const evaluate = (outputs: readonly Tensor[], values: readonly NdArray[]): NdArray[] => (
    evaluateGraph(outputs, new TensorMap(tensors.map((tensor, at) => [tensor, values[at] ?? ndArray([0], "float32")] as const)), dims));
  const found = evaluate(simplify(slopes), arrays);
  arrays.forEach((array, at) => array.data.forEach((value, element) => {
    const lossAt = (moved: number): number => {
      const data = array.data.slice();
      data[element] = moved;
      return evaluate([loss], arrays.map((other, index) => (index === at ? { ...array, data } : other)))[0]?.data[0] ?? NaN;
    };
    const expected = (lossAt(value + STEP) - lossAt(value - STEP)) / (2 * STEP);
    const actual = found[at]?.data[element] ?? NaN;
    const close = Math.abs(actual - expected) <= 1e-6 * Math.max(1, Math.abs(expected));
    if (!close) throw new Error(`the derivative by input ${at} is ${actual} at ${element}, central differences give ${expected}`);
  }));
}

function arrayOf({ axes, value = (uniform) => 3 * uniform - 1.5 }: Draw, seed: number): NdArray {
  const shape = axes.map(({ size }) => size);
  return ndArray(shape, "float32", Float64Array.from({ length: sizeOf(shape) }, (_, at) => value(mix32(mix32(seed) + at) / 2 ** 32)));
}

const ONE: Axis = { dim: 1, size: 1 };
const flag = fc.boolean();

function axis(name: string, smallest = 0): fc.Arbitrary<Axis> {
  const size = fc.oneof({ weight: smallest > 1 ? 0 : 1, arbitrary: fc.integer({ min: Math.min(smallest, 1), max: 1 }) }, { weight: 3, arbitrary: fc.integer({ min: 2, max: 3 }) });
  return fc.tuple(size, flag).map(([own, named]) => ({ dim: named ? name : own, size: own }));
}

function shape(lowestRank: number, highestRank: number, smallest = 0): fc.Arbitrary<Axis[]> {
  return fc.integer({ min: lowestRank, max: highestRank }).chain((rank) => (
    fc.tuple(...Array.from({ length: rank }, (_, at) => axis(`d${at}`, smallest)))));
}

function broadcastWith(axes: readonly Axis[]): fc.Arbitrary<Axis[]> {
  return fc.tuple(fc.nat(axes.length), fc.array(flag, { minLength: axes.length, maxLength: axes.length })).map(([dropped, kept]) => (
    axes.map((own, at) => (kept[at] === true ? own : ONE)).slice(dropped)));
}

/** At least 0.1 away from 0, where some slopes jump. */
const awayFromZero = (uniform: number): number => (uniform < 0.5 ? -0.1 - uniform : uniform - 0.4);
const positive = (uniform: number): number => 0.5 + uniform;

const DOMAINS: Partial<Record<OperationName, (uniform: number) => number>> = {
  log: positive, sqrt: positive, reciprocal: positive, power: positive, divide: positive,
  relu: awayFromZero, abs: awayFromZero, sign: awayFromZero, floor: (uniform) => Math.floor(4 * uniform) - 1.5,
};

type Examples<K extends string> = Record<K, fc.Arbitrary<Example>>;

function table<K extends string>(names: readonly K[], one: (name: K) => fc.Arbitrary<Example>): Examples<K> {
  return Object.fromEntries(names.map((name) => [name, one(name)])) as Examples<K>;
}

function drawn(axes: readonly Axis[], value: ((uniform: number) => number) | undefined): Draw {
  return value === undefined ? { axes } : { axes, value };
}

const pair = shape(0, 3).chain((axes) => fc.tuple(fc.constant(axes), broadcastWith(axes), flag)).map(([a, b, swap]) => (swap ? [b, a] as const : [a, b] as const));

function ofOne(lowestRank: number, build: (x: Tensor, choices: readonly number[]) => readonly Tensor[], smallest = 0): fc.Arbitrary<Example> {
  return fc.tuple(shape(lowestRank, 3, smallest), fc.array(fc.nat(100), { minLength: 4, maxLength: 4 })).map(([axes, choices]) => (
    { inputs: [{ axes }], build: (x: Tensor) => build(x, choices) }));
}

function pickAxis({ rank }: Tensor, choice = 0): number {
  return choice % rank;
}

const matmulExample = fc.tuple(shape(0, 2), axis("m"), axis("k"), axis("n"), flag, flag, flag)
  .chain(([batch, m, k, n, swap, transposeA, transposeB]) => broadcastWith(batch).map((other): Example => {
    const [a, b] = swap ? [other, batch] : [batch, other];
    return {
      inputs: [{ axes: [...a, ...(transposeA ? [k, m] : [m, k])] }, { axes: [...b, ...(transposeB ? [n, k] : [k, n])] }],
      build: (x, y) => (x && y ? [(transposeA ? x.transpose() : x).matmul(transposeB ? y.transpose() : y)] : []),
    };
  }));

/** Indices below 2, of a shape that depends on no input. */
function indices(axes: readonly Dim[]): Tensor {
  return randomUniform(axes, constant(5, "int32"), 9).multiply(2).cast("int32");
}

const rows = fc.tuple(shape(1, 3, 2), fc.array(fc.nat(3).map(sized), { maxLength: 1 })).map(([axes, at]) => ({ axes, at, rest: axes.slice(1) }));

const along = fc.tuple(shape(1, 3, 2), fc.integer({ min: 0, max: 3 }), fc.nat(100)).map(([axes, size, choice]) => {
  const at = choice % axes.length;
  return { axes, at, indexAxes: axes.map((own, other) => (other === at ? { dim: size, size } : own)) };
});

const examples = {
  input: ofOne(0, (x) => [x, x]),
  ...table(UNARY, (name) => shape(0, 3).map((axes): Example => (
    { inputs: [drawn(axes, DOMAINS[name])], build: (x) => (x ? [apply(name, [x], {})] : []) }))),
  ...table(BINARY, (name) => pair.map(([a, b]): Example => (
    { inputs: [drawn(a, DOMAINS[name]), drawn(b, DOMAINS[name])], build: (x, y) => (x && y ? [apply(name, [x, y], {})] : []) }))),
  where: pair.map(([a, b]): Example => ({
    inputs: [{ axes: a }, { axes: b }],
    build: (x, y) => (x && y ? [where(randomUniform(x.shape, constant(1, "int32"), 3).less(0.5), x, y)] : []),
  })),
  cast: ofOne(0, (x) => [x.multiply(x.cast("int32").cast("float32"))]),
  matmul: matmulExample,
  reduceSum: ofOne(0, (x, [mask = 0, keep = 0]) => [x.sum([...x.shape.keys()].filter((at) => ((mask >> at) & 1) === 1), keep % 2 === 0), x.square().mean()], 1),
  reduceMax: ofOne(0, (x, [mask = 0, keep = 0]) => [x.max([...x.shape.keys()].filter((at) => ((mask >> at) & 1) === 1), keep % 2 === 0)], 1),
  topK: ofOne(1, (x, [count = 0]) => [x.topK(1 + (count % 2)).values], 2),
  reshape: ofOne(1, (x) => [x.square().reshape([-1]), x.reshape([1, ...x.shape])], 1),
  broadcastTo: pair.map(([a, b]): Example => {
    const [small, large] = a.length < b.length || a.some((own, at) => own === ONE && b[at] !== ONE) ? [a, b] : [b, a];
    return { inputs: [{ axes: small }, { axes: large }], build: (x, like) => (x && like ? [x.broadcastTo(like.shape)] : []) };
  }),
  transpose: ofOne(0, (x, choices) => [x.transpose([...x.shape.keys()].sort((a, b) => (choices[a] ?? 0) - (choices[b] ?? 0)))]),
  concat: ofOne(1, (x, [choice = 0]) => [concat([x, x.square(), x.negate()], pickAxis(x, choice))]),
  split: ofOne(1, (x, [choice = 0, used = 0]) => {
    const at = pickAxis(x, choice);
    const parts = x.pad(at, 1, 2).split([1, x.dim(at), 2], at);
    return used % 2 === 0 ? parts : parts.slice(1, 2);
  }),
  slice: ofOne(1, (x, [choice = 0, start = 0]) => [x.slice(pickAxis(x, choice), start % 2, x.dim(pickAxis(x, choice)))], 1),
  pad: ofOne(1, (x, [choice = 0, before = 0, after = 0]) => [x.pad(pickAxis(x, choice), before % 3, after % 3)]),
  reverse: ofOne(1, (x, [choice = 0]) => [x.reverse(pickAxis(x, choice)).multiply(x)]),
  take: rows.map(({ axes, at }): Example => (
    { inputs: [{ axes }], build: (x) => (x ? [x.take(indices(at.map(({ dim }) => dim)))] : []) })),
  scatterAdd: rows.map(({ axes, at, rest }): Example => (
    { inputs: [{ axes }, { axes: [...at, ...rest] }], build: (x, y) => (x && y ? [x.scatterAdd(indices(at.map(({ dim }) => dim)), y)] : []) })),
  takeAlong: along.map(({ axes, at, indexAxes }): Example => (
    { inputs: [{ axes }], build: (x) => (x ? [x.takeAlong(indices(indexAxes.map(({ dim }) => dim)), at)] : []) })),
  scatterAlong: along.map(({ axes, at, indexAxes }): Example => ({
    inputs: [{ axes }, { axes: indexAxes }],
    build: (x, y) => (x && y ? [x.scatterAlong(indices(indexAxes.map(({ dim }) => dim)), y, at)] : []),
  })),
  scan: fc.tuple(axis("time"), axis("batch"), flag).map(([time, batch, reverse]): Example => ({
    inputs: [{ axes: [batch] }, { axes: [time, batch] }, { axes: [batch] }],
    build: (start, x, scale) => {
      if (!start || !x || !scale) return [];
      const { carries, outputs } = scan([start], [x], ([sum = start], [slice = start]) => {
        const next = sum.multiply(scale).add(slice).tanh();
        return { carries: [next], outputs: [next.multiply(slice), slice] };
      }, { reverse });
      return [...carries, ...outputs];
    },
  })),
  composite: pair.map(([a, b]): Example => ({
    inputs: [{ axes: a }, { axes: b }],
    build: (x, y) => (x && y ? composite("a product and a sum", [x, y], (p = x, q = y) => [p.multiply(q).tanh(), p.add(q)]) : []),
  })),
  // Piecewise constant, or not functions of float arrays.
  state: undefined, constant: undefined, equal: undefined, less: undefined, lessEqual: undefined, and: undefined, or: undefined,
  not: undefined, argmax: undefined, iota: undefined, random: undefined, stopGradient: undefined,
} satisfies Record<OperationName, fc.Arbitrary<Example> | undefined>;

describe("the gradient agrees with central differences", () => {
  test.each(Object.entries(examples).flatMap(([name, arbitrary]) => (arbitrary === undefined ? [] : [{ name, arbitrary }])))("$name", ({ arbitrary }) => {
    fc.assert(fc.property(arbitrary, fc.nat(1000), (example, seed) => requireTrueGradients(example, seed)), { numRuns: 25 });
  });

  test("in loops over captured matrices on either side, of any batch, in either direction", () => {
    const property = fc.tuple(axis("time", 1), axis("batch", 1), flag, flag, flag, fc.constantFrom("carries", "outputs", "both"));
    fc.assert(fc.property(property, ([time, batch, reverse, batched, left, used]) => {
      const two: Axis = { dim: 2, size: 2 };
      const three: Axis = { dim: 3, size: 3 };
      // left: state [batch, 2, 3] = matrix [2, 2] x state; right: state x matrix [3, 3]
      const matrix = left ? [two, two] : [three, three];
      requireTrueGradients({
        inputs: [{ axes: [batch, two, three] }, { axes: [time, batch, two, three] }, { axes: batched ? [batch, ...matrix] : matrix }, { axes: [three] }],
        build: (start, x, weight, bias) => {
          if (!start || !x || !weight || !bias) return [];
          const { carries, outputs } = scan([start], [x], ([hidden = start], [slice = start]) => {
            const product = left ? weight.matmul(hidden) : hidden.matmul(weight);
            const next = product.add(slice).add(bias).tanh();
            return { carries: [next], outputs: [next.square()] };
          }, { reverse });
          return used === "carries" ? carries : used === "outputs" ? outputs : [...carries, ...outputs];
        },
      });
    }), { numRuns: 30 });
  });

  test.each([false, true])("where one matrix is captured twice, and also used outside (reverse: %s)", (reverse) => {
    requireTrueGradients({
      inputs: [{ axes: [sized(3), sized(2), sized(2)] }, { axes: [sized(2), sized(2)] }],
      build: (x, weight) => {
        if (!x || !weight) return [];
        const start = weight.sum(0, true).broadcastTo([2, 2]);
        const { outputs } = scan([start], [x], ([hidden = start], [slice = start]) => {
          const next = hidden.matmul(weight).add(weight.matmul(slice)).add(weight).tanh();
          return { carries: [next], outputs: [next, weight.exp()] };
        }, { reverse });
        return [...outputs, weight.matmul(weight)];
      },
    });
  });

  test("of a matrix of a polynomial dimension that is attended to inside a loop", () => {
    requireTrueGradients({
      inputs: [{ axes: [{ dim: "time", size: 2 }, { dim: "batch", size: 2 }, sized(1), sized(3)] }, { axes: [{ dim: "batch", size: 2 }, { dim: "source", size: 2 }, sized(3)] }],
      build: (queries, memory) => {
        if (!queries || !memory) return [];
        const keys = memory.pad(1, 1, 0); // [batch, source + 1, 3]
        const { carries, outputs } = scan([queries.sum(0)], [queries], ([hidden = queries], [query = queries]) => {
          const scores = hidden.add(query).matmul(keys.transpose()); // [batch, 1, source + 1]
          const context = scores.tanh().matmul(keys);
          return { carries: [context], outputs: [context, scores] };
        });
        return [...carries, ...outputs];
      },
    });
  });

  test("of products with an operand of a polynomial dimension", () => {
    requireTrueGradients({
      inputs: [{ axes: [{ dim: "batch", size: 2 }, { dim: "time", size: 3 }, { dim: "width", size: 2 }] }, { axes: [{ dim: "width", size: 2 }, { dim: "out", size: 2 }] }],
      build: (x, weight) => {
        if (!x || !weight) return [];
        const wide = x.pad(2, 0, 1); // [batch, time, width + 1]
        return [wide.matmul(weight.pad(0, 1, 0).pad(1, 0, 1)), weight.pad(0, 1, 0).transpose().matmul(wide.transpose())];
      },
    });
  });

  test.each([[false, false], [false, true], [true, false], [true, true]])("of nested loops (reverse: %s, %s)", (outerReverse, innerReverse) => {
    requireTrueGradients({
      inputs: [{ axes: [{ dim: "rows", size: 2 }, { dim: "columns", size: 3 }, sized(1), sized(2)] }, { axes: [sized(2), sized(2)] }, { axes: [sized(2)] }],
      build: (x, weight, scale) => {
        if (!x || !weight || !scale) return [];
        const start = x.sum([0, 1]);
        const { carries, outputs } = scan([start], [x], ([total = start], [row = start]) => {
          const inner = scan([total], [row], ([hidden = start], [element = start]) => {
            const next = hidden.matmul(weight).add(element.multiply(total).multiply(scale)).tanh();
            return { carries: [next], outputs: [next.matmul(weight)] };
          }, { reverse: innerReverse });
          const [last = start] = inner.carries;
          return { carries: [last.add(total).multiply(0.5)], outputs: [inner.outputs[0] ?? start] };
        }, { reverse: outerReverse });
        return [...carries, ...outputs];
      },
    });
  });

  test("of loops of which only one result is used, and over int32 counters and masks", () => {
    requireTrueGradients({
      inputs: [{ axes: [{ dim: "time", size: 4 }, sized(2)] }],
      build: (x) => {
        if (!x) return [];
        const positions = iota([x.dim(0)]);
        const { carries } = scan([x.sum(0), constant(0, "int32")], [positions, x], ([sum = x, count = x], [at = x, slice = x]) => {
          const next = where(at.less(count.add(1)).and(count.less(2)), sum.multiply(slice), sum);
          return { carries: [next, count.add(1)], outputs: [at.add(count)] };
        });
        return carries.slice(0, 1);
      },
    });
  });

  test("of loops whose carry is passed on unchanged, or a constant, or swapped", () => {
    requireTrueGradients({
      inputs: [{ axes: [sized(3), sized(2)] }, { axes: [sized(2)] }, { axes: [sized(2)] }],
      build: (x, a, b) => {
        if (!x || !a || !b) return [];
        const loop = scan([a, b, a], [x], ([p = a, q = a, kept = a], [slice = a]) => (
          { carries: [q.add(slice), p.multiply(slice), kept], outputs: [p, slice, constant([1, 2]), kept.multiply(slice)] }));
        return [...loop.carries, ...loop.outputs];
      },
    });
  });

  test("of a function applied twice in one loop and composites inside loops", () => {
    requireTrueGradients({
      inputs: [{ axes: [sized(3), sized(2), sized(2)] }, { axes: [sized(2), sized(2)] }],
      build: (x, weight) => {
        if (!x || !weight) return [];
        const loop = scan([weight], [x], ([hidden = x], [slice = x]) => {
          const [next = x] = composite("", [hidden, weight, slice], (h = x, w = x, s = x) => [h.matmul(w).add(s).tanh()]);
          const [again = x] = composite("", [next, weight, next], (h = x, w = x, s = x) => [h.matmul(w).add(s).tanh()]);
          return { carries: [again], outputs: [next] };
        });
        return [...loop.carries, ...loop.outputs];
      },
    });
  });

  test("of composites that hold a loop, and that receive one tensor twice", () => {
    requireTrueGradients({
      inputs: [{ axes: [sized(3), sized(2)] }, { axes: [sized(2)] }],
      build: (x, a) => {
        if (!x || !a) return [];
        return composite("", [x, a, a], (rows = x, start = a, scale = a) => {
          const loop = scan([start], [rows], ([sum = a], [row = a]) => {
            const next = sum.multiply(scale).add(row).tanh();
            return { carries: [next], outputs: [next] };
          });
          return [...loop.carries, ...loop.outputs, start.multiply(scale)];
        });
      },
    });
  });

  test("of gradients: products, softmax, loops", () => {
    requireTrueGradients({
      inputs: [{ axes: [sized(2), sized(3)] }, { axes: [sized(3), sized(2)] }],
      build: (x, y) => (x && y ? gradients(x.matmul(y).tanh().exp().sum(), [x, y]) : []),
    });
    requireTrueGradients({
      inputs: [{ axes: [sized(3), sized(2), sized(2)] }, { axes: [sized(2), sized(2)] }],
      build: (x, weight) => {
        if (!x || !weight) return [];
        const { carries: [last = x], outputs: [all = x] } = scan([x.sum(0)], [x], ([hidden = x], [slice = x]) => {
          const next = hidden.matmul(weight).add(slice).tanh();
          return { carries: [next], outputs: [next] };
        });
        return gradients(last.square().sum().add(all.sum()), [x, weight]);
      },
    });
  });
});

function sized(size: number): Axis {
  return { dim: size, size };
}

/** A float tensor fed by name, and values for it. */
function evaluateScalar(output: Tensor, x: Tensor, value: number): number {
  return evaluateGraph([output], new TensorMap([[x, ndArray([], "float32", Float64Array.of(value))]]), new Map())[0]?.data[0] ?? NaN;
}

describe("gradients", () => {
  test("go through one of the given tensors to another", () => {
    const x = input("x", "float32", []);
    const y = x.square();
    const [byX = x, byY = x, byLoss = x] = gradients(y.square(), [x, y, y.square()]);
    expect(evaluateScalar(byX, x, 3)).toBeCloseTo(4 * 27, 10); // x⁴
    expect(evaluateScalar(byY, x, 3)).toBeCloseTo(2 * 9, 10);
    expect(evaluateScalar(byLoss, x, 3)).toBe(0); // another node than the loss
  });

  test("are zero for what the loss does not rest on, and behind stopGradient", () => {
    const x = input("x", "float32", []);
    const [byX = x, byOther = x] = gradients(x.stopGradient().multiply(x), [x, input("other", "float32", ["n", 2])]);
    expect(evaluateScalar(byX, x, 3)).toBe(3);
    expect(byOther.shape).toEqual(["n", 2]);
    expect(evaluateGraph([byOther], new TensorMap<NdArray>(), new Map([["n", 1]]))[0]?.data).toEqual(Float64Array.of(0, 0));
  });

  test("use a composite's own backward pass where it has one", () => {
    const x = input("x", "float32", []);
    const [y = x] = customGradient([x], (argument = x) => [argument.square()], ([argument], [output], [dy]) => (
      [argument && output && dy?.multiply(100).add(output)]));
    const [slope = x] = gradients(y.multiply(2), [x]);
    expect(evaluateScalar(slope, x, 3)).toBe(209);
  });

  test("are finite beside infinities that are not selected", () => {
    const x = input("x", "float32", [3]);
    const [slope = x] = gradients(x.topK(1).values.sum(), [x]);
    const [value] = evaluateGraph([slope], new TensorMap([[x, ndArray([3], "float32", Float64Array.of(-Infinity, 1, -Infinity))]]), new Map());
    expect(value?.data).toEqual(Float64Array.of(0, 1, 0));
  });

  test("refuse a loss that is not a float scalar", () => {
    const x = input("x", "float32", ["batch"]);
    expect(() => gradients(x, [x])).toThrow("gradients needs a float32 scalar, received float32 [batch]; sum or average it first.");
    expect(() => gradients(constant(1, "int32"), [x])).toThrow("received int32 []");
  });

  test("of a loop's weights are contracted in one product after the loop, not accumulated in it", () => {
    const x = input("x", "float32", ["time", "batch", 4]);
    const weight = input("weight", "float32", [4, 4]);
    const { outputs: [all = x] } = scan([x.sum(0)], [x], ([hidden = x], [slice = x]) => {
      const next = hidden.matmul(weight).add(slice).tanh();
      return { carries: [next], outputs: [next] };
    });
    const slopes = simplify(gradients(all.square().sum(), [weight]));
    const loops = topologicalOrder(slopes).filter((node): node is Node<"scan"> & Node => isNode(node, "scan"));
    expect(loops).toHaveLength(2);
    for (const { attributes: { body } } of loops) {
      expect(body.carries.filter((carry) => shapesEqual(carry.shape, weight.shape))).toEqual([]);
      const inside = topologicalOrder([...body.nextCarries, ...body.outputs], new TensorMap(body.captures.map((tensor) => [tensor, true] as const)));
      expect(inside.filter(({ op }) => op === "matmul")).toHaveLength(1); // the step itself; its transpose
    }
    const last = slopes[0]?.node;
    expect(last?.op).toBe("matmul");
    expect(last?.types[0]?.shape).toEqual([4, 4]);
  });
});
