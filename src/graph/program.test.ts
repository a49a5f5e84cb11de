import { describe, expect, test } from "vitest";
import { apply, GraphError } from "./apply.ts";
import { composite, scan } from "./control.ts";
import { bool, buildProgram, float32, int32 } from "./program.ts";
import { currentPath, withPath } from "./scope.ts";
import type { StateVariable } from "./state.ts";
import { concat, constant, input, iota, where, type Tensor } from "./tensor.ts";

function variable(name: string, shape: readonly number[] = [2]): StateVariable {
  return { name, shape, dtype: "float32", initialize: () => new Float32Array(shape.reduce((product, dim) => product * dim, 1)) };
}

function read(state: StateVariable): Tensor {
  return apply("state", [], { variable: state });
}

describe("a program", () => {
  test("knows its feeds, fetches, updates and variables", () => {
    const [a, b, unread] = [variable("a"), variable("b"), variable("unread")];
    const program = buildProgram({ x: float32("batch", 2), at: int32("batch"), mask: bool("batch") }, ({ x, at, mask }) => ({
      y: x.add(read(a)), picked: where(mask, at, 0),
      updates: [{ variable: b, value: read(b).add(x.sum(0)) }, { variable: unread, value: constant([1, 2]) }],
    }));
    expect(program.fetches.map(({ name, tensor }) => [name, tensor.dtype, tensor.shape])).toEqual([
      ["y", "float32", ["batch", 2]], ["picked", "int32", ["batch"]],
    ]);
    expect(program.updates.map((update) => update.variable.name)).toEqual(["b", "unread"]);
    expect(program.variables.map(({ name }) => name).sort()).toEqual(["a", "b", "unread"]);
    expect(program.feeds).toEqual({ x: { dtype: "float32", shape: ["batch", 2] }, at: { dtype: "int32", shape: ["batch"] }, mask: { dtype: "bool", shape: ["batch"] } });
  });

  test("finds the variables that loops mention", () => {
    const a = variable("a", []);
    const program = buildProgram({ x: float32("time") }, ({ x }) => (
      { y: scan([], [x], (_carries, [slice = x]) => ({ carries: [], outputs: [slice.multiply(read(a))] })).outputs[0] }));
    expect(program.variables).toEqual([a]);
  });

  test("refuses an update that does not fit its variable", () => {
    expect(() => buildProgram({}, () => ({ updates: [{ variable: variable("layer.bias", [3]), value: constant([1, 2]) }] })))
      .toThrow(new GraphError('The new value of "layer.bias" is float32 [2], but it is float32 [3].'));
    expect(() => buildProgram({}, () => ({ updates: [{ variable: variable("layer.bias"), value: constant([1, 2], "int32") }] })))
      .toThrow('The new value of "layer.bias" is int32 [2], but it is float32 [2].');
  });

  test("refuses two new values of one variable", () => {
    const a = variable("a");
    expect(() => buildProgram({}, () => ({ updates: [{ variable: a, value: constant([1, 2]) }, { variable: a, value: constant([3, 4]) }] })))
      .toThrow('"a" is given two new values; a run can keep one.');
  });

  test("refuses two variables of one name, whether they are read or written", () => {
    const message = 'Two different variables are named "a"; name their layers apart.';
    expect(() => buildProgram({}, () => ({ y: read(variable("a")).add(read(variable("a"))) }))).toThrow(message);
    expect(() => buildProgram({}, () => ({ updates: [{ variable: variable("a"), value: read(variable("a")) }] }))).toThrow(message);
  });

  test("refuses a feed that it does not declare", () => {
    const stray = input("stray", "float32", ["n"]);
    expect(() => buildProgram({ x: float32("n") }, ({ x }) => ({ y: x.add(stray) }))).toThrow(
      'The program uses the feed "stray", which it does not declare; its feeds are: x.');
    const other = input("x", "float32", ["n", 3]);
    expect(() => buildProgram({ x: float32("n") }, () => ({ y: other.exp() }))).toThrow(
      'The program uses the feed "x" as float32 [n, 3], but declares it as float32 [n].');
  });
});

describe("errors name the layer, the operation, the shapes and the reason", () => {
  const message = (build: () => unknown): string => {
    try {
      build();
    } catch (error) {
      if (error instanceof GraphError) return error.message;
    }
    return "no GraphError";
  };
  const x = input("x", "float32", ["batch", 512]);
  const at = iota(["batch"]);

  test("in a layer", () => {
    expect(message(() => withPath("encoder.layers.2", () => x.matmul(input("w", "float32", [256, 512])))))
      .toBe("encoder.layers.2: matmul [batch, 512] x [256, 512]: inner dimensions 512 and 256 differ");
  });

  test("in a layer, where a size or an axis does not fit", () => {
    expect(message(() => withPath("encoder", () => x.reshape(["batch", 500])))).toBe("encoder: reshape [batch, 512]: [batch, 512] has 512*batch elements, [batch, 500] has 500*batch");
  });

  test.each<[string, () => unknown]>([
    ["reshape [batch, 512]: [-1, -1] leaves more than one size open", () => x.reshape([-1, -1])],
    ['broadcastTo [batch, 512]: "a b" is not a dimension: expected a number, a name, or sums and products of them, such as "batch*time+1".', () => x.broadcastTo(["a b"])],
    ["reduceSum [batch, 512]: axis 2 is out of range for 2 dimensions", () => x.sum(2)],
    ["reduceSum [batch, 512]: axis 1 is given twice", () => x.sum([1, -1])],
    ["mean [batch, 512]: axis 0 is given twice", () => x.mean([0, 0])],
    ["mean [batch]: operand 1 is int32, expected float32; cast it", () => at.mean()],
    ["slice [batch, 512]: axis -3 is out of range for 2 dimensions", () => x.slice(-3, 0)],
    ["squeeze [batch, 512]: axis 2 is out of range for 2 dimensions", () => x.squeeze(2)],
    ["concat [batch, 512], [batch, 512]: axis 2 is out of range for 2 dimensions", () => concat([x, x], 2)],
    ["add [batch, 512], [256]: shapes [batch, 512] and [256] do not broadcast: 512 and 256 differ", () => x.add(constant(Array<number>(256).fill(0)))],
    ["add [batch, 512], [batch]: operands are float32 and int32; cast one of them", () => x.add(at)],
    ["exp [batch]: operand 1 is int32, expected float32", () => at.exp()],
    ["matmul [batch, 512] x [batch]: operands are float32 and int32, expected float32", () => x.matmul(at)],
    ["matmul [batch, 512] x [1]: both operands need two dimensions or more", () => x.matmul(constant([1]))],
    ["transpose [batch, 512]: [0, 0] is not an order of 2 axes", () => x.transpose([0, 0])],
    ["split [batch, 512]: sizes 256 + 128 do not add up to 512", () => x.split([256, 128])],
    ["slice [batch, 512]: elements 500 to 600 of axis 1 were asked for, which has 512", () => x.slice(1, 500, 600)],
    ["slice [batch, 512]: a slice of axis 1 ends before its start 3", () => x.slice(1, 3, 2)],
    ["topK [batch, 512]: the 513 largest of 512 were asked for", () => x.topK(513)],
    ["topK [batch]: expected a tensor of numbers", () => at.less(1).topK(1)],
    ["argmax [batch]: expected a tensor of numbers", () => at.less(1).argmax()],
    ["take [batch, 512], [batch, 512]: indices are float32, expected int32", () => x.take(x)],
    ["takeAlong [batch, 512], [batch]: indices may differ in axis 1 alone", () => x.takeAlong(at)],
    ["scatterAdd [batch, 512], [batch], [batch]: updates are [batch], expected [batch, 512]", () => x.scatterAdd(at, at)],
    ["scatterAdd [batch], [batch], [batch]: updates are float32, expected int32", () => at.scatterAdd(at, x.sum(1))],
    ["concat [batch, 512], [batch]: float32 and int32 cannot be joined", () => concat([x, at])],
    ["concat [batch, 512], [1, 512]: shapes may differ in axis 1 alone", () => concat([x, x.sum(0, true)], 1)],
    ["broadcastTo [batch, 512]: does not broadcast to [batch, 1]", () => x.broadcastTo(["batch", 1])],
    ["random [batch]: the seed is an int32 scalar", () => apply("random", [at], { shape: [1], stream: 0 })],
    ["scan [512]: a scan needs at least one stacked input, whose first axis is its length", () => (
      scan([x.sum(0)], [], ([sum = x]) => ({ carries: [sum], outputs: [] })))],
    ["scan [512], [batch, 512]: next carry 0 is float32 [], expected float32 [512]", () => (
      scan([x.sum(0)], [x], ([sum = x]) => ({ carries: [sum.sum()], outputs: [] })))],
    ["scan [batch, 512], [1, 512], []: stacked input 1 has length 1, the first has batch", () => (
      scan([], [x, x.sum(0, true)], () => ({ carries: [], outputs: [constant(1)] })))],
    ['The composite "scale" mentions a tensor that is not among its inputs; pass it as one.', () => composite("scale", [at], () => [x.multiply(2)])],
  ])("%s", (expected, build) => {
    expect(message(build)).toBe(expected);
  });
});

describe("the path of a layer", () => {
  test("holds while it builds, also when it throws, and an empty one changes nothing", () => {
    expect(currentPath()).toBe("");
    withPath("encoder", () => {
      withPath("encoder.layers.0", () => expect(constant(1).node.path).toBe("encoder.layers.0"));
      withPath("", () => expect(currentPath()).toBe("encoder"));
      expect(() => withPath("encoder.broken", () => {
        throw new Error("broken");
      })).toThrow("broken");
      expect(currentPath()).toBe("encoder");
    });
    expect(currentPath()).toBe("");
  });
});
