import { expect, test } from "vitest";
import { apply } from "./apply.ts";
import { composite, scan } from "./control.ts";
import { formatGraph } from "./print.ts";
import { withPath } from "./scope.ts";
import { constant, input, zeros } from "./tensor.ts";

const lines = (...text: string[]): string => text.join("\n");

const weight = apply("state", [], {
  variable: { name: "encoder.weight", shape: [256, 512], dtype: "float32", initialize: () => new Float32Array(256 * 512) },
});

test("one line a node, with feeds, states and constants by name and the layer's path", () => {
  const x = input("x", "float32", ["batch", 256]);
  const y = withPath("encoder.layers.0", () => x.matmul(weight).multiply(0.5).tanh());
  const { indices } = y.topK(3);
  expect(formatGraph([y, indices])).toBe(lines(
    "%0 = matmul(x, encoder.weight) : float32 [batch, 512]  # encoder.layers.0",
    "%1 = multiply(%0, 0.5) : float32 [batch, 512]  # encoder.layers.0",
    "%2 = tanh(%1) : float32 [batch, 512]  # encoder.layers.0",
    "%3, %4 = topK(%2, count=3) : float32 [batch, 3], int32 [batch, 3]",
    "return %2, %4",
  ));
});

test("attributes follow the operands; long constants are abbreviated", () => {
  const x = input("x", "float32", ["batch", 2]);
  const table = constant(Array.from({ length: 20 }, (_, at) => at), "float32", [10, 2]);
  const y = x.add(constant([1, 2])).sum(1).expandDims(-1).multiply(table.slice(0, 0, 1)).less(constant([-Infinity]));
  expect(formatGraph([y])).toBe(lines(
    "%0 = add(x, [1, 2]) : float32 [batch, 2]",
    "%1 = reduceSum(%0, axes=[1], keep=false) : float32 [batch]",
    "%2 = reshape(%1, shape=[batch, 1]) : float32 [batch, 1]",
    "%3 = slice(constant[10, 2], axis=0, start=0, size=1) : float32 [1, 2]",
    "%4 = multiply(%2, %3) : float32 [batch, 2]",
    "%5 = less(%4, [-Infinity]) : bool [batch, 2]",
    "return %5",
  ));
});

test("loop bodies are indented, and captured tensors keep their names inside", () => {
  const x = input("x", "float32", ["time", "batch"]);
  const scale = input("scale", "float32", ["batch"]).exp();
  const { carries, outputs } = scan([zeros(["batch"])], [x], ([sum], [slice]) => {
    if (sum === undefined || slice === undefined) throw new Error("a carry and a slice were expected");
    const next = sum.add(slice.multiply(scale));
    return { carries: [next], outputs: [next.negate()] };
  }, { reverse: true });
  expect(formatGraph([...carries, ...outputs])).toBe(lines(
    "%0 = broadcastTo(0, shape=[batch]) : float32 [batch]",
    "%1 = exp(scale) : float32 [batch]",
    "%2, %3 = scan(reverse=true) : float32 [batch], float32 [time, batch]",
    "  carry %4 = %0 : float32 [batch]",
    "  slice %5 = x : float32 [batch]",
    "  %6 = multiply(%5, %1) : float32 [batch]",
    "  %7 = add(%4, %6) : float32 [batch]",
    "  %8 = negate(%7) : float32 [batch]",
    "  next %7",
    "  output %8",
    "return %2, %3",
  ));
});

test("a composite shows its label, its parameters and its body", () => {
  const x = input("x", "float32", ["n"]);
  const [y] = composite("scaledExp", [x.add(1)], (argument) => [argument === undefined ? x : argument.exp().multiply(2)], {
    parameters: { scale: 2 },
  });
  expect(formatGraph(y === undefined ? [] : [y])).toBe(lines(
    "%0 = add(x, 1) : float32 [n]",
    "%1 = scaledExp(%0, scale=2) : float32 [n]",
    "  argument %2 = %0 : float32 [n]",
    "  %3 = exp(%2) : float32 [n]",
    "  %4 = multiply(%3, 2) : float32 [n]",
    "  result %4",
    "return %1",
  ));
});
