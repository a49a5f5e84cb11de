import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { requireClose, type ConformanceCase } from "../engines/conformance.ts";
import { reference } from "../engines/reference/engine.ts";
import { concat, constant, iota, stack, zeros, type Tensor } from "../graph/tensor.ts";
import { axis, feed, fixed, flag, float, integers, randomNumbers, requireEnginesAgree, requireTrueSlopes, seeds, size, variable, withSlopes } from "./fixtures/layer-checks.ts";
import { MultiHeadAttention, type MultiHeadAttentionOptions } from "./multi-head-attention.ts";

const VARIANTS: Readonly<Record<string, MultiHeadAttentionOptions>> = {
  plain: {}, "without biases": { bias: false }, rotary: { rotaryBase: 100 }, "grouped queries": { keyValueHeads: 2 },
  "one head of keys, rotary, dropout": { keyValueHeads: 1, rotaryBase: 1e4, dropout: 0.3 },
};

/** The layer on rows of numbers: no batch, no graph. */
class PlainAttention {
  readonly #array: (name: string) => readonly number[];
  readonly #layer: MultiHeadAttention;

  constructor(layer: MultiHeadAttention, read: (name: string) => ArrayLike<number>) {
    this.#layer = layer;
    this.#array = (name) => Array.from(read(name));
  }

  forward(x: readonly (readonly number[])[], memory: readonly (readonly number[])[], sees: (query: number, key: number) => boolean): number[][] {
    const { heads, keyValueHeads, size, rotaryBase } = this.#layer;
    const project = (rows: readonly (readonly number[])[], name: string): number[][] => rows.map((row) => this.#linear(row, name));
    const turned = (rows: number[][]): number[][] => (rotaryBase === undefined ? rows : rows.map((row, time) => turn(row, time, size, rotaryBase)));
    const [q, k, v] = [turned(project(x, "query")), turned(project(memory, "key")), project(memory, "value")];
    return q.map((query, time) => this.#linear(Array.from({ length: heads }, (_, head) => {
      const group = Math.floor(head / (heads / keyValueHeads));
      const part = (row: readonly number[] | undefined, at: number): readonly number[] => row?.slice(at * size, (at + 1) * size) ?? [];
      const powers = k.map((key, at) => (sees(time, at) ? Math.exp(dot(part(query, head), part(key, group)) / Math.sqrt(size)) : 0));
      const total = powers.reduce((sum, power) => sum + power, 0);
      return Array.from({ length: size }, (_unused, i) => powers.reduce((sum, power, at) => sum + (power / total) * (part(v[at], group)[i] ?? NaN), 0));
    }).flat(), "output"));
  }

  #linear(row: readonly number[], name: string): number[] {
    const weight = this.#array(`${name}.weight`);
    const columns = weight.length / row.length;
    const bias = this.#layer.query.bias === undefined ? new Array<number>(columns).fill(0) : this.#array(`${name}.bias`);
    return bias.map((offset, column) => row.reduce((sum, value, at) => sum + value * (weight[at * columns + column] ?? NaN), offset));
  }
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? NaN), 0);
}

function turn(row: readonly number[], position: number, size: number, base: number): number[] {
  return row.map((value, at) => {
    const [start, place] = [at - (at % size), at % size];
    const angle = position / base ** ((2 * (place % (size / 2))) / size);
    const other = row[start + ((place + size / 2) % size)] ?? NaN;
    return value * Math.cos(angle) + (place < size / 2 ? -other : other) * Math.sin(angle);
  });
}

/** Random biases too, which start at 0. */
function make(options: MultiHeadAttentionOptions, heads = 4, dimension = 8): MultiHeadAttention {
  const layer = new MultiHeadAttention(dimension, heads, options).attach("layer").seed(3);
  layer.parameters().forEach((parameter, at) => (parameter.initialize = () => Float32Array.from(randomNumbers(parameter.size, at + 2, 0.8))));
  return layer;
}

function rowsOf(data: ArrayLike<number>, width: number): number[][] {
  return Array.from({ length: data.length / width }, (_, row) => Array.from(data).slice(row * width, (row + 1) * width));
}

describe.each(Object.entries(VARIANTS))("%s", (_name, options) => {
  test("is on onnx as on the reference, with derivatives", async () => {
    const shapes = fc.tuple(seeds, axis("batch"), axis("time"), axis("source"), size, flag, flag, flag, flag);
    await requireEnginesAgree(shapes.map(([seed, batch, time, source, half, causal, crossed, masked, segmented]): ConformanceCase => {
      const layer = new MultiHeadAttention(8 * half, 4, options).attach("layer").seed(seed);
      const cross = crossed && options.rotaryBase === undefined;
      return {
        seed,
        feeds: {
          x: float(batch, time, fixed(8 * half)), memory: float(batch, source, fixed(8 * half)),
          lengths: integers(4, batch), segments: integers(2, batch, time),
        },
        build: (tensors) => {
          const [x, memory] = [feed(tensors, "x"), feed(tensors, "memory")];
          const keys = cross ? memory : x;
          const mask = iota(keys.shape.slice(0, 2), 1).lessEqual(feed(tensors, "lengths").expandDims(1));
          return withSlopes({
            y: layer.forward(x, {
              causal: causal && !cross, memory: cross ? memory : undefined, mask: masked ? mask : undefined,
              segments: segmented && !cross ? feed(tensors, "segments") : undefined, seed: constant(seed, "int32"),
            }),
          }, [x, memory, ...layer.parameters().map(({ tensor }) => tensor)]);
        },
      };
    }), 16);
  });

  test.each([
    { causal: true, masked: true, segmented: true }, { crossed: true, masked: true },
  ])("has true derivatives: %j", async ({ causal = false, masked = false, segmented = false, crossed = false }) => {
    if (crossed && options.rotaryBase !== undefined) return;
    const layer = make(options);
    const [x, memory] = [variable("x", [2, 3, 8]), variable("memory", [2, 4, 8])];
    await requireTrueSlopes([x, ...(crossed ? [memory] : []), ...layer.parameters()], () => [layer.forward(x.tensor, {
      causal, memory: crossed ? memory.tensor : undefined,
      mask: masked ? iota([2, crossed ? 4 : 3], 1).lessEqual(constant([1, 2], "int32", [2, 1])) : undefined,
      segments: segmented ? constant([0, 0, 1, 2, 3, 3], "int32", [2, 3]) : undefined, seed: constant(5, "int32"),
    })]);
  });

  test("is the published formula", async () => {
    const layer = make({ ...options, dropout: 0 });
    const [x, memory] = [variable("x", [1, 4, 8]), variable("memory", [1, 3, 8])];
    const engine = reference();
    const state = engine.createState();
    const program = await engine.compile({}, () => ({
      all: layer.forward(x.tensor), causal: layer.forward(x.tensor, { causal: true }),
      masked: layer.forward(x.tensor, { mask: constant([1, 0, 1, 1], "int32", [1, 4]).cast("bool") }),
      segments: layer.forward(x.tensor, { segments: constant([7, 7, 9, 9], "int32", [1, 4]) }),
      ...(options.rotaryBase === undefined && { crossed: layer.forward(x.tensor, { memory: memory.tensor }) }),
    }), { state });
    const found: Readonly<Record<string, { readonly data: ArrayLike<number> } | undefined>> = await program.run({});
    const plain = new PlainAttention(layer, (name) => state.read(`layer.${name}`));
    const rows = rowsOf(x.initialize(), 8);
    const expected: Readonly<Record<string, number[][]>> = {
      all: plain.forward(rows, rows, () => true), causal: plain.forward(rows, rows, (query, key) => key <= query),
      masked: plain.forward(rows, rows, (_query, key) => key !== 1),
      segments: plain.forward(rows, rows, (query, key) => (query < 2) === (key < 2)),
      crossed: plain.forward(rows, rowsOf(memory.initialize(), 8), () => true),
    };
    for (const [name, result] of Object.entries(found)) {
      Array.from(result?.data ?? []).forEach((value, at) => expect(value).toBeCloseTo(expected[name]?.flat()[at] ?? NaN, 10));
    }
  });

  test("token by token with cached keys and values gives what the whole sequence gives", async () => {
    const layer = make({ ...options, dropout: 0 });
    const x = variable("x", [2, 4, 8]);
    const program = await reference().compile({}, () => {
      let cache = { keys: zeros([2, layer.keyValueHeads, 0, 2]), values: zeros([2, layer.keyValueHeads, 0, 2]) };
      const steps = [0, 1, 2, 3].map((time): Tensor => {
        const token = x.tensor.slice(1, time, time + 1);
        const added = layer.keysAndValues(token, constant([time], "int32"));
        cache = { keys: concat([cache.keys, added.keys], 2), values: concat([cache.values, added.values], 2) };
        return layer.attend(token, cache, { positions: constant([time], "int32") }).output.squeeze(1);
      });
      const sees = iota([2, 4, 4], 2).lessEqual(iota([2, 4, 4], 1));
      const { output, weights } = layer.attend(x.tensor, layer.keysAndValues(x.tensor), { mask: sees });
      return { whole: layer.forward(x.tensor, { causal: true }), steps: stack(steps, 1), attended: output, sums: weights.sum(-1) };
    });
    const { whole, steps, attended, sums } = await program.run({});
    requireClose("steps", steps, whole, 1e-12);
    requireClose("attended", attended, whole, 1e-12);
    requireClose("sums", sums, { shape: [2, 4, 4], data: new Float64Array(32).fill(1) }, 1e-12);
  });
});

test("heads that share keys and values are heads with repeated ones", async () => {
  const [grouped, full] = [make({ keyValueHeads: 2 }), new MultiHeadAttention(8, 4, {}).attach("full")];
  const x = variable("x", [2, 3, 8]);
  const engine = reference();
  const state = engine.createState();
  const program = await engine.compile({}, () => ({ y: grouped.forward(x.tensor, { causal: true }), z: full.forward(x.tensor, { causal: true }) }), { state });
  for (const name of ["query", "output"]) {
    for (const part of ["weight", "bias"]) state.write(`full.${name}.${part}`, state.read(`layer.${name}.${part}`));
  }
  for (const name of ["key", "value"]) {
    const repeat = (row: readonly number[]): number[] => [row.slice(0, 2), row.slice(0, 2), row.slice(2), row.slice(2)].flat();
    for (const part of ["weight", "bias"]) state.write(`full.${name}.${part}`, rowsOf(state.read(`layer.${name}.${part}`), 4).flatMap(repeat));
  }
  const { y, z } = await program.run({});
  requireClose("grouped", y, z, 1e-13);
});

test("a later token changes nothing before it", async () => {
  const layer = make({ rotaryBase: 50 });
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 2 ** 30 }), async (place, seed) => {
    const [x, change] = [variable("x", [1, 6, 8]), variable("change", [1, 6, 8], seed)];
    const program = await reference().compile({}, () => {
      const later = iota([1, 6, 1], 1).less(place).not().cast("float32");
      return { y: layer.forward(x.tensor, { causal: true }), z: layer.forward(x.tensor.add(change.tensor.multiply(later)), { causal: true }) };
    });
    const { y, z } = await program.run({});
    expect([...z.data.slice(0, 8 * place)]).toEqual([...y.data.slice(0, 8 * place)]);
    expect([...z.data.slice(8 * place, 8 * place + 8)]).not.toEqual([...y.data.slice(8 * place, 8 * place + 8)]);
  }), { numRuns: 10 });
});

test("sizes that do not divide are refused", () => {
  expect(() => new MultiHeadAttention(10, 4)).toThrow("A dimension of 10 cannot be divided among 4 heads");
  expect(() => new MultiHeadAttention(8, 4, { keyValueHeads: 3 })).toThrow("4 heads cannot share 3 heads");
  expect(() => new MultiHeadAttention(6, 2, { rotaryBase: 10 })).toThrow("a head has 3");
});
