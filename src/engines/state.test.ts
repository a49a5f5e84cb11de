import { describe, expect, test } from "vitest";
import { apply } from "../graph/apply.ts";
import { scan } from "../graph/control.ts";
import { gradients } from "../graph/gradients.ts";
import { mix32 } from "../graph/ops/random.ts";
import { buildProgram, float32, int32, type Results } from "../graph/program.ts";
import type { StateVariable } from "../graph/state.ts";
import { constant, where, type Tensor } from "../graph/tensor.ts";
import { requireClose } from "./conformance.ts";
import { fitsModel, onnx } from "./onnx/engine.ts";
import { lowerProgram } from "./onnx/lower.ts";
import { reference } from "./reference/engine.ts";
import { StateStore } from "./state-store.ts";

/** A variable of numbers between -1 and 1 that its name decides. */
function variable(name: string, shape: readonly number[], dtype: "float32" | "int32" = "float32"): StateVariable {
  const size = shape.reduce((product, dim) => product * dim, 1);
  const numbers = Array.from({ length: size }, (_, at) => mix32(at + 7919 * name.charCodeAt(0)) / 2 ** 31 - 1);
  return { name, shape, dtype, initialize: () => (dtype === "float32" ? Float32Array.from(numbers) : Int32Array.from(numbers, (number) => Math.floor(100 * number))) };
}

function read(state: StateVariable): Tensor {
  return apply("state", [], { variable: state });
}

const SIZE = 12;
const p = variable("p", [SIZE, SIZE]);
const q = variable("q", [SIZE, SIZE]);
const r = variable("r", [SIZE, SIZE]);
const row = variable("v", [SIZE]);
const [P, Q, R] = [read(p), read(q), read(r)];

/** Row by row: body(rows of the given tensors) stacked. */
function byRows(tensors: readonly Tensor[], body: (rows: Tensor[]) => readonly Tensor[], options = {}): Tensor[] {
  return scan([], tensors, (_carries, slices) => ({ carries: [], outputs: body(slices) }), options).outputs;
}

function first(tensors: readonly Tensor[]): Tensor {
  const [tensor] = tensors;
  if (tensor === undefined) throw new Error("A tensor was expected.");
  return tensor;
}

/** [update of p, may p be overwritten while the program runs] by what the update does. */
const programs: Readonly<Record<string, { readonly inPlace: boolean; readonly build: (x: Tensor) => Results }>> = {
  "an elementwise update": { inPlace: true, build: (x) => ({ updates: [{ variable: p, value: P.multiply(0.9).add(x.sin()) }] }) },
  "the next value alone, without the old one": { inPlace: true, build: (x) => ({ updates: [{ variable: p, value: Q.add(x) }] }) },
  "an elementwise update beside earlier readers": {
    inPlace: true,
    build: (x) => ({ updates: [{ variable: p, value: P.subtract(P.matmul(Q).square().sum().multiply(x).tanh()) }] }),
  },
  "a conditional update": { inPlace: true, build: (x) => ({ updates: [{ variable: p, value: where(Q.less(0), P.add(x), P) }] }) },
  "an update of a flat view": {
    inPlace: true, build: (x) => ({ updates: [{ variable: p, value: P.reshape([SIZE * SIZE]).multiply(0.5).add(x.reshape([1])).reshape([SIZE, SIZE]) }] }),
  },
  "a loop over blocks": {
    inPlace: true, build: (x) => ({ updates: [{ variable: p, value: first(byRows([P, Q], ([a = P, b = P]) => [a.add(b.multiply(x)).tanh()])) }] }),
  },
  "a loop over blocks, backwards": {
    inPlace: true, build: (x) => ({ updates: [{ variable: p, value: first(byRows([P, Q], ([a = P, b = P]) => [a.add(b.multiply(x)).tanh()], { reverse: true })) }] }),
  },
  "a loop over blocks of a view": {
    inPlace: true,
    build: (x) => ({
      updates: [{ variable: p, value: first(byRows([P.reshape([4, 3 * SIZE]), Q.reshape([4, 3 * SIZE])], ([a = P, b = P]) => [a.add(b.multiply(x)).tanh()])).reshape([SIZE, SIZE]) }],
    }),
  },
  "a product that reads all of it": { inPlace: false, build: (x) => ({ updates: [{ variable: p, value: P.matmul(Q).multiply(x).tanh() }] }) },
  "a product with a bias": { inPlace: false, build: () => ({ updates: [{ variable: p, value: P.matmul(Q).add(read(row)) }] }) },
  "a product, rectified": { inPlace: false, build: () => ({ updates: [{ variable: p, value: P.matmul(Q).relu() }] }) },
  "a product of itself added to it": { inPlace: false, build: () => ({ updates: [{ variable: p, value: P.matmul(Q).multiply(0.1).add(P) }] }) },
  "a transposition": { inPlace: false, build: (x) => ({ updates: [{ variable: p, value: P.transpose().add(x) }] }) },
  "its own rows reversed": { inPlace: true, build: (x) => ({ updates: [{ variable: p, value: P.add(P.reverse(0)).multiply(x) }] }) },
  "a broadcast of one of its rows": { inPlace: true, build: (x) => ({ updates: [{ variable: p, value: P.add(P.slice(0, 3, 4)).multiply(x) }] }) },
  "a fetch of the old value": { inPlace: false, build: (x) => ({ old: P, updates: [{ variable: p, value: P.add(x) }] }) },
  "a fetch of the old value under another shape": { inPlace: false, build: (x) => ({ old: P.reshape([-1]), updates: [{ variable: p, value: P.add(x) }] }) },
  "a fetch of something that rests on the old value": { inPlace: false, build: (x) => ({ old: P.matmul(Q).sum(), updates: [{ variable: p, value: P.add(x) }] }) },
  "a fetch of the new value": { inPlace: true, build: (x) => ({ next: P.add(x), updates: [{ variable: p, value: P.add(x) }] }) },
  "another update that reads the old value": {
    inPlace: false, build: (x) => ({ updates: [{ variable: p, value: P.add(x) }, { variable: q, value: P.matmul(Q).tanh() }] }),
  },
  "a swap": { inPlace: false, build: () => ({ updates: [{ variable: p, value: Q }, { variable: q, value: P }] }) },
  "a swap of views": {
    inPlace: false,
    build: () => ({ updates: [{ variable: p, value: Q.reshape([-1]).reshape([SIZE, SIZE]) }, { variable: q, value: P.transpose().transpose() }] }),
  },
  "a rotation of three": { inPlace: false, build: (x) => ({ updates: [{ variable: p, value: Q }, { variable: q, value: R }, { variable: r, value: P.add(x) }] }) },
  "the same new value for two": { inPlace: true, build: (x) => ({ updates: [{ variable: p, value: P.add(Q).multiply(x) }, { variable: q, value: P.add(Q).multiply(x) }] }) },
  "sum and difference": { inPlace: false, build: () => ({ updates: [{ variable: p, value: P.add(Q).multiply(0.7) }, { variable: q, value: P.subtract(Q).multiply(0.7) }] }) },
  "a product of its transposition": { inPlace: false, build: (x) => ({ updates: [{ variable: p, value: P.transpose().matmul(Q.multiply(x)) }] }) },
  "a product of others added to it": { inPlace: true, build: () => ({ updates: [{ variable: p, value: Q.matmul(R).add(P) }] }) },
  "a loop over its rows, which also reads them reversed": {
    inPlace: true,
    build: () => ({ updates: [{ variable: p, value: first(byRows([P, P.reverse(0)], ([a = P, b = P]) => [a.add(b).tanh()])) }] }),
  },
  "a loop that is given it twice": {
    inPlace: false,
    build: () => ({ updates: [{ variable: p, value: first(byRows([P, P], ([a = P, b = P]) => [a.add(b.reverse(0)).tanh()])) }] }),
  },
  "a loop that captures a sum of it": {
    inPlace: true,
    build: () => ({ updates: [{ variable: p, value: first(byRows([P], ([a = P]) => [a.add(P.sum(0)).tanh()])) }] }),
  },
  "a loop that captures all of it": {
    inPlace: false,
    build: () => ({ updates: [{ variable: p, value: first(byRows([P, Q], ([, b = P]) => [b.expandDims(0).matmul(P).squeeze(0).tanh()])) }] }),
  },
  "a loop that multiplies its blocks": {
    inPlace: false,
    build: (x) => ({
      updates: [{ variable: p, value: first(byRows([P.reshape([3, 4, SIZE])], ([a = P]) => [a.matmul(Q.multiply(x)).add(read(row)).relu()])).reshape([SIZE, SIZE]) }],
    }),
  },
  "a loop that writes two results": {
    inPlace: false,
    build: () => {
      const [sum = P, difference = P] = byRows([P, Q], ([a = P, b = P]) => [a.add(b).multiply(0.7), a.subtract(b).multiply(0.7)]);
      return { updates: [{ variable: p, value: sum }, { variable: q, value: difference }] };
    },
  },
  "a loop whose carry it is": {
    inPlace: false,
    build: () => ({ updates: [{ variable: p, value: first(scan([P], [Q], ([a = P], [b = P]) => ({ carries: [a.add(b).tanh()], outputs: [] })).carries) }] }),
  },
};

describe("state after several runs is as the reference has it", () => {
  test.each(Object.entries(programs))("%s", async (_name, { build, inPlace }) => {
    const feeds = { x: float32() };
    const [engine, oracle] = [onnx({ threads: 1 }), reference()];
    const [actual, expected] = [await engine.compile(feeds, ({ x }) => build(x)), await oracle.compile(feeds, ({ x }) => build(x))];
    for (const x of [1, -0.5, 0.25, 0.75]) {
      const feed = { x: { data: Float32Array.of(x), shape: [] } };
      const [fetched, truth] = [await actual.run(feed), await expected.run(feed)];
      for (const [name, array] of Object.entries(truth)) requireClose(name, fetched[name], array, 1e-4);
      for (const name of expected.state.names) {
        const { shape } = expected.state.variable(name);
        requireClose(name, { data: actual.state.read(name), shape }, { data: expected.state.read(name), shape }, 1e-4);
      }
    }
    await actual.dispose();
    const { stateOutputs } = lowerProgram(buildProgram(feeds, ({ x }) => build(x)));
    expect(stateOutputs.find((output) => output.variable === p)?.inPlace).toBe(inPlace);
  });

  test("in training with momentum, clipping and a step counter, over batches of several lengths", async () => {
    const weight = variable("w", [6, 6]);
    const output = variable("o", [6, 2]);
    const moments = [variable("m", [6, 6]), variable("n", [6, 2])];
    const steps = variable("s", [], "int32");
    const build = ({ x }: { readonly x: Tensor }): Results => {
      const { outputs } = scan([x.sum(0)], [x], ([hidden = x], [slice = x]) => {
        const next = hidden.matmul(read(weight)).add(slice).tanh();
        return { carries: [next], outputs: [next] };
      });
      const loss = first(outputs).matmul(read(output)).subtract(0.3).square().mean();
      const slopes = gradients(loss, [read(weight), read(output)]);
      const norm = slopes.map((slope) => slope.square().sum()).reduce((a, b) => a.add(b)).sqrt();
      const scale = constant(0.5).divide(norm.maximum(0.5)).divide(read(steps).cast("float32").multiply(0.01).abs().add(1));
      const updates = [weight, output].flatMap((parameter, at) => {
        const [moment = parameter, slope = loss] = [moments[at], slopes[at]];
        const next = read(moment).multiply(0.9).add(slope.multiply(scale));
        return [{ variable: moment, value: next }, { variable: parameter, value: read(parameter).subtract(next.multiply(0.1)) }];
      });
      return { loss, norm, updates: [...updates, { variable: steps, value: read(steps).add(1) }] };
    };
    const feeds = { x: float32("time", "batch", 6) };
    const [actual, expected] = [await onnx({ threads: 2 }).compile(feeds, build), await reference().compile(feeds, build)];
    for (const [time, batch] of [[3, 2], [5, 1], [1, 4], [4, 3]] as const) {
      const x = { data: Float32Array.from({ length: time * batch * 6 }, (_, at) => mix32(at) / 2 ** 31 - 1), shape: [time, batch, 6] };
      const [fetched, truth] = [await actual.run({ x }), await expected.run({ x })];
      for (const [name, array] of Object.entries(truth)) requireClose(name, fetched[name], array);
    }
    for (const name of expected.state.names) {
      const { shape } = expected.state.variable(name);
      requireClose(name, { data: actual.state.read(name), shape }, { data: expected.state.read(name), shape });
    }
    await actual.dispose();
  });
});

describe.each([{ engine: onnx({ threads: 2 }) }, { engine: reference() }])("state on $engine.name", ({ engine }) => {
  const counter = variable("c", [2]);
  const C = read(counter);

  test("is shared by executables of one store, whichever of them replaces its array", async () => {
    const state = engine.createState();
    const square = variable("p", [2, 2]);
    const S = read(square);
    const options = { state };
    const turn = await engine.compile({}, () => ({ updates: [{ variable: square, value: S.transpose().multiply(2) }] }), options);
    const add = await engine.compile({ x: float32() }, ({ x }) => ({ updates: [{ variable: square, value: S.add(x) }] }), options);
    const sum = await engine.compile({}, () => ({ all: S.reshape([-1]) }), options);
    state.write("p", [1, 2, 3, 4]);
    for (let run = 0; run < 2; run++) {
      await turn.run({});
      await add.run({ x: { data: Float32Array.of(1), shape: [] } });
    }
    // [1 3; 2 4] · 2 + 1 = [3 7; 5 9]; [3 5; 7 9] · 2 + 1 = [7 11; 15 19]
    expect([...(await sum.run({})).all.data]).toEqual([7, 11, 15, 19]);
    expect([...state.read("p")]).toEqual([7, 11, 15, 19]);
    await Promise.all([turn.dispose(), add.dispose(), sum.dispose()]);
    expect([...state.read("p")]).toEqual([7, 11, 15, 19]);
  });

  test("changes run by run, whether or not each is awaited", async () => {
    const square = variable("p", [2, 2]);
    const S = read(square);
    const turn = await engine.compile({ x: float32() }, ({ x }) => ({ updates: [{ variable: square, value: S.transpose().multiply(2).add(x) }] }));
    turn.state.write("p", [1, 2, 3, 4]);
    const refused = turn.run({ x: { data: new Float32Array(2), shape: [2] } }).catch(() => "refused");
    await Promise.all([1, 1, 0].map((x) => turn.run({ x: { data: Float32Array.of(x), shape: [] } })));
    // [3 7; 5 9], [7 11; 15 19], [14 30; 22 38]
    expect([...turn.state.read("p")]).toEqual([14, 30, 22, 38]);
    expect(await refused).toBe("refused");
    await turn.dispose();
  });

  test("that is frozen has the values that it had at compilation", async () => {
    const state = engine.createState();
    state.declare(counter);
    state.write("c", [3, 4]);
    const frozen = await engine.compile({ x: float32("n", 2) }, ({ x }) => ({ y: x.add(C), flat: C.reshape([1, 2]).matmul(x.transpose()) }), { state, frozen: true });
    const { y, flat } = await frozen.run({ x: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] } });
    expect([...y.data]).toEqual([4, 6, 6, 8]);
    expect([...flat.data]).toEqual([11, 25]);
    await frozen.dispose();
  });

  test("that is frozen cannot be updated", async () => {
    await expect(engine.compile({}, () => ({ updates: [{ variable: counter, value: C.add(1) }] }), { frozen: true }))
      .rejects.toThrow('The program is compiled with frozen state, but it updates "c".');
  });

  test("does not write into the array that initialised it", async () => {
    const initial = Float32Array.of(1, 2);
    const owned: StateVariable = { ...counter, initialize: () => initial };
    const step = await engine.compile({}, () => ({ updates: [{ variable: owned, value: read(owned).add(1) }] }));
    await step.run({});
    await step.run({});
    expect([...step.state.read("c")]).toEqual([3, 4]);
    expect([...initial]).toEqual([1, 2]);
    await step.dispose();
  });

  test("of one name and two shapes is refused", async () => {
    const state = engine.createState();
    state.declare(counter);
    const other = variable("c", [3]);
    await expect(engine.compile({}, () => ({ y: read(other) }), { state }))
      .rejects.toThrow('The state "c" is float32 [2], but a program wants float32 [3].');
  });
});

describe("the onnx engine", () => {
  test("leaves frozen weights out of a model where one protocol buffer has no room for them", () => {
    const weights = (count: number): StateVariable[] => [row, { ...row, name: "large", shape: [count, 1000] }];
    // Those of GPT-2 medium and large: 1.4 and 3.1 GB.
    expect([fitsModel([]), fitsModel(weights(355_000)), fitsModel(weights(774_000))]).toEqual([true, true, false]);
  });

  test("takes graphs that are thousands of operations deep", async () => {
    const step = await onnx({ threads: 1 }).compile({ x: float32() }, ({ x }) => {
      let y = x;
      for (let layer = 0; layer < 1500; layer++) y = y.sin().add(x);
      return { y };
    });
    expect((await step.run({ x: { data: Float32Array.of(0), shape: [] } })).y.data).toEqual(Float32Array.of(0));
    await step.dispose();
  });

  test("gives the same bytes in every run with two threads, many indices falling on one row", async () => {
    const rows = 5000;
    const step = await onnx({ threads: 2 }).compile(
      { at: int32(rows), x: float32(rows, 16), w: float32(16, 64) },
      ({ at, x, w }) => {
        const table = w.sum().multiply(0).broadcastTo([7, 16]);
        const hidden = x.matmul(w).tanh();
        return { rows: table.scatterAdd(at, x), sum: hidden.sum(), columns: hidden.sum(0), slope: x.transpose().matmul(hidden) };
      },
    );
    const random = (length: number, seed: number): Float32Array => Float32Array.from({ length }, (_, at) => mix32(at + seed) / 2 ** 31 - 1);
    const feeds = {
      at: { data: Int32Array.from({ length: rows }, (_, at) => mix32(at) % 7), shape: [rows] },
      x: { data: random(rows * 16, 1), shape: [rows, 16] }, w: { data: random(16 * 64, 2), shape: [16, 64] },
    };
    const once = await step.run(feeds);
    for (let run = 0; run < 5; run++) expect(await step.run(feeds)).toEqual(once);
    await step.dispose();
  });
});

describe("a state store", () => {
  test("names what does not fit", () => {
    const store = new StateStore();
    store.declare(variable("p", [2, 2]));
    expect(() => store.write("p", [1])).toThrow('"p" [2, 2] holds 4 numbers, 1 were given.');
    expect(() => store.read("q")).toThrow('There is no state named "q".');
    expect(() => store.declare({ ...variable("r", [2]), initialize: () => new Float32Array(3) }))
      .toThrow('"r" was initialised with 3 numbers, its shape [2] has 2.');
  });
});
