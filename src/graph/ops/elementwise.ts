import type { Definition } from "../definition.ts";
import { broadcastStrides, ndArray, offsets, type NdArray } from "../nd-array.ts";
import type { TensorType } from "../node.ts";
import type { BinaryName, ComparisonName, LogicalName, OperationAttributes, UnaryName } from "../operations.ts";
import { broadcastShapes } from "../shape.ts";
import { sumTo, where, type Tensor } from "../tensor.ts";
import type { DType } from "../dtype.ts";

type None = Record<never, never>;

const NUMBERS: readonly DType[] = ["float32", "int32"];

/** One output the shape of the inputs' broadcast; each element depends on the corresponding ones. */
function elementwise(rule: {
  inputs: readonly (readonly DType[])[];
  output: (inputs: readonly TensorType[]) => DType;
  evaluate: (...values: number[]) => number;
  /** Of int32, where it is not `evaluate` rounded. */
  integers?: ((...values: number[]) => number) | undefined;
  gradient?: (inputs: readonly Tensor[], output: Tensor, cotangent: Tensor) => readonly (Tensor | undefined)[];
}): Definition<None> {
  const { gradient } = rule;
  return {
    infer(inputs) {
      inputs.forEach(({ dtype }, at) => {
        const allowed = rule.inputs[at] ?? [];
        if (!allowed.includes(dtype)) throw new Error(`operand ${at + 1} is ${dtype}, expected ${allowed.join(" or ")}`);
      });
      const values = inputs.filter((_, at) => rule.inputs[at] === NUMBERS);
      if (values.some(({ dtype }) => dtype !== values[0]?.dtype)) {
        throw new Error(`operands are ${values.map(({ dtype }) => dtype).join(" and ")}; cast one of them`);
      }
      return [{ shape: broadcastShapes(...inputs.map(({ shape }) => shape)), dtype: rule.output(inputs) }];
    },
    ...(gradient && {
      gradient: ({ inputs, outputs: [output], cotangents: [cotangent] }) => {
        if (output === undefined || cotangent === undefined || output.dtype !== "float32") return inputs.map(() => undefined);
        return gradient(inputs, output, cotangent).map((slope, at) => {
          const operand = inputs[at];
          return slope && operand && sumTo(slope, operand.shape);
        });
      },
    }),
    evaluate(inputs) {
      const shape = broadcastShapes(...inputs.map((array) => array.shape)) as readonly number[];
      const result = ndArray(shape, rule.output(inputs));
      const compute = result.dtype === "int32" ? (...values: number[]) => (rule.integers ?? rule.evaluate)(...values) | 0 : rule.evaluate;
      const at = inputs.map((array) => offsets(shape, broadcastStrides(array.shape, shape)));
      for (let i = 0; i < result.data.length; i++) {
        result.data[i] = compute(...inputs.map((array: NdArray, operand) => array.data[at[operand]?.[i] ?? 0] ?? 0));
      }
      return [result];
    },
  };
}

const same = ([first]: readonly TensorType[]): DType => first?.dtype ?? "float32";

type Unary = (x: number) => number;
type Slope = (x: Tensor, y: Tensor, dy: Tensor) => Tensor;

function unary(evaluate: Unary, slope?: Slope, dtypes: readonly DType[] = ["float32"]): Definition<None> {
  return elementwise({
    inputs: [dtypes],
    output: same,
    evaluate: evaluate,
    ...(slope && { gradient: ([x], y, dy) => [x && slope(x, y, dy)] }),
  });
}

function binary(
  evaluate: (a: number, b: number) => number,
  slopes?: (a: Tensor, b: Tensor, y: Tensor, dy: Tensor) => readonly [Tensor, Tensor],
  integers?: (a: number, b: number) => number,
): Definition<None> {
  return elementwise({
    inputs: [NUMBERS, NUMBERS],
    output: same,
    evaluate,
    integers,
    ...(slopes && { gradient: ([a, b], y, dy) => (a && b ? slopes(a, b, y, dy) : []) }),
  });
}

function comparison(evaluate: (a: number, b: number) => boolean): Definition<None> {
  return elementwise({
    inputs: [NUMBERS, NUMBERS],
    output: () => "bool",
    evaluate: ((a: number, b: number) => Number(evaluate(a, b))),
  });
}

function logical(evaluate: (a: number, b: number) => number): Definition<None> {
  return elementwise({
    inputs: [["bool"], ["bool"]],
    output: () => "bool",
    evaluate: evaluate,
  });
}

const sigmoid: Unary = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

export const unaryDefinitions = {
  negate: unary((x) => -x, (_x, _y, dy) => dy.negate(), NUMBERS),
  exp: unary(Math.exp, (_x, y, dy) => dy.multiply(y)),
  log: unary(Math.log, (x, _y, dy) => dy.divide(x)),
  sqrt: unary(Math.sqrt, (_x, y, dy) => dy.multiply(0.5).divide(y)),
  tanh: unary(Math.tanh, (_x, y, dy) => dy.multiply(y.square().negate().add(1))),
  sigmoid: unary(sigmoid, (_x, y, dy) => dy.multiply(y.subtract(y.square()))),
  relu: unary((x) => Math.max(x, 0), (x, _y, dy) => where(x.lessEqual(0), 0, dy)),
  abs: unary(Math.abs, (x, _y, dy) => dy.multiply(x.sign()), NUMBERS),
  sign: unary(Math.sign, undefined, NUMBERS),
  erf: unary(erf, (x, _y, dy) => dy.multiply(x.square().negate().exp()).multiply(2 / Math.sqrt(Math.PI))),
  sin: unary(Math.sin, (x, _y, dy) => dy.multiply(x.cos())),
  cos: unary(Math.cos, (x, _y, dy) => dy.multiply(x.sin()).negate()),
  reciprocal: unary((x) => 1 / x, (_x, y, dy) => dy.multiply(y.square()).negate()),
  floor: unary(Math.floor),
} satisfies Record<UnaryName, Definition<None>>;

export const binaryDefinitions = {
  add: binary((a, b) => a + b, (_a, _b, _y, dy) => [dy, dy]),
  subtract: binary((a, b) => a - b, (_a, _b, _y, dy) => [dy, dy.negate()]),
  multiply: binary((a, b) => a * b, (a, b, _y, dy) => [dy.multiply(b), dy.multiply(a)], Math.imul),
  divide: binary((a, b) => a / b, (_a, b, y, dy) => {
    const da = dy.divide(b);
    return [da, da.multiply(y).negate()];
  }),
  maximum: binary(Math.max, (a, b, _y, dy) => [where(a.less(b), 0, dy), where(a.less(b), dy, 0)]),
  minimum: binary(Math.min, (a, b, _y, dy) => [where(b.less(a), 0, dy), where(b.less(a), dy, 0)]),
  power: binary(Math.pow, (a, b, y, dy) => [
    dy.multiply(b).multiply(a.power(b.subtract(1))),
    dy.multiply(y).multiply(where(a.lessEqual(0), 1, a).log()),
  ]),
} satisfies Record<BinaryName, Definition<None>>;

export const comparisonDefinitions = {
  equal: comparison((a, b) => a === b),
  less: comparison((a, b) => a < b),
  lessEqual: comparison((a, b) => a <= b),
} satisfies Record<ComparisonName, Definition<None>>;

export const logicalDefinitions = {
  and: logical((a, b) => Math.min(a, b)),
  or: logical((a, b) => Math.max(a, b)),
} satisfies Record<LogicalName, Definition<None>>;

export const not = elementwise({ inputs: [["bool"]], output: () => "bool", evaluate: (x = 0) => 1 - x });

export const stopGradient: Definition<None> = {
  infer: (inputs) => inputs.map(({ shape, dtype }) => ({ shape, dtype })),
  evaluate: (inputs) => inputs,
};

export const whereDefinition = elementwise({
  inputs: [["bool"], NUMBERS, NUMBERS],
  output: ([, value]) => value?.dtype ?? "float32",
  evaluate: (condition = 0, then = 0, otherwise = 0) => (condition !== 0 ? then : otherwise),
  gradient: ([condition], _y, dy) => (condition ? [undefined, where(condition, dy, 0), where(condition, 0, dy)] : []),
});

export const cast: Definition<OperationAttributes["cast"]> = {
  infer: ([x], { dtype }) => [{ shape: x?.shape ?? [], dtype }],
  gradient: ({ inputs: [x], cotangents: [dy], attributes: { dtype } }) => (
    [x?.dtype === "float32" && dtype === "float32" ? dy : undefined]),
  evaluate: ([x], { dtype }) => (x === undefined ? [] : [
    ndArray(x.shape, dtype, x.data.map((value) => (dtype === "bool" ? Number(value !== 0) : dtype === "int32" ? Math.trunc(value) : value))),
  ]),
};

/** Error function to double precision: its Maclaurin series, and beyond 3 the continued fraction of erfc (Abramowitz and Stegun 7.1.5, 7.1.14). */
function erf(x: number): number {
  const size = Math.abs(x);
  if (size < 3) {
    let term = size;
    let sum = size;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
      term *= -(size * size) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-size * size) / Math.sqrt(Math.PI) / (size + fraction));
}
