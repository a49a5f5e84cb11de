import { apply } from "./apply.ts";
import { ndArray } from "./nd-array.ts";
import { isNode, type Node } from "./node.ts";
import { BINARY, COMPARISON, LOGICAL, UNARY, type OperationAttributes, type OperationName } from "./operations.ts";
import { definitions } from "./ops/index.ts";
import { prune } from "./prune.ts";
import { broadcastShapes, shapesEqual, type Shape } from "./shape.ts";
import { constant, type Tensor } from "./tensor.ts";
import { keepOrReapply, rewrite, TensorMap, tensorKey, withInputs } from "./traverse.ts";

/**
 * An equivalent smaller graph: equal subexpressions shared, constants folded, operations without effect removed,
 * unused loop outputs dropped.
 */
export function simplify(outputs: readonly Tensor[]): Tensor[] {
  const shared = new Map<string, readonly Tensor[]>();
  const simplified = rewrite(outputs, new TensorMap(), (node, inputs) => {
    const key = nodeKey(node, inputs);
    const known = key === undefined ? undefined : shared.get(key);
    if (known !== undefined) return known;
    const replacement = applyRules(node, inputs);
    const results = replacement !== undefined ? [replacement] : keepOrReapply(node, inputs);
    if (key !== undefined) shared.set(key, results);
    return results;
  });
  return prune(simplified);
}

/** Equal keys mean equal values. Placeholders, loops and composites are never merged. */
function nodeKey(node: Node, inputs: readonly Tensor[]): string | undefined {
  if (isNode(node, "scan") || isNode(node, "composite") || isNode(node, "input")) return undefined;
  const attributes = isNode(node, "state") ? node.attributes.variable.name : JSON.stringify(node.attributes, exactNumbers);
  return `${node.op}(${inputs.map(tensorKey).join(",")})${attributes}`;
}

/** JSON writes infinities and NaN alike, and -0 as 0. */
function exactNumbers(_key: string, value: unknown): unknown {
  if (typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0))) return value;
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The result that a node can be replaced by, or `undefined`. */
type Rule = (node: Node, inputs: readonly Tensor[]) => Tensor | undefined;

/** Applies rules as long as one fits. */
function applyRules(node: Node, inputs: readonly Tensor[]): Tensor | undefined {
  for (const rule of RULES) {
    const replacement = rule(node, inputs);
    if (replacement !== undefined) return applyRules(replacement.node, replacement.node.inputs) ?? replacement;
  }
  return undefined;
}

const FOLDED: ReadonlySet<OperationName> = new Set<OperationName>([
  ...UNARY, ...BINARY, ...COMPARISON, ...LOGICAL, "not", "where", "cast", "reshape", "transpose",
]);
const ELEMENTWISE: ReadonlySet<OperationName> = new Set<OperationName>([...BINARY, ...COMPARISON, "where"]);

/** Constants larger than this stay expressions. */
const LARGEST_FOLDED = 1024;

const RULES: readonly Rule[] = [
  foldConstants, dropBroadcasts, neutralElements, addOfNegation, doubleNegation, joinTransposes, joinReshapes,
  joinSplits, withoutStopGradient, emptySum,
];

function constantOf(tensor: Tensor | undefined): OperationAttributes["constant"] | undefined {
  return tensor !== undefined && isNode(tensor.node, "constant") ? tensor.node.attributes : undefined;
}

/** The value of a scalar constant, however it was broadcast or reshaped. */
function scalarOf(tensor: Tensor | undefined): number | undefined {
  if (tensor === undefined) return undefined;
  if (isNode(tensor.node, "broadcastTo") || isNode(tensor.node, "reshape")) return scalarOf(tensor.node.inputs[0]);
  const data = constantOf(tensor)?.data;
  return data?.length === 1 ? data[0] : undefined;
}

function foldConstants(node: Node, inputs: readonly Tensor[]): Tensor | undefined {
  if (!FOLDED.has(node.op)) return undefined;
  const values = inputs.map(constantOf);
  const arrays = values.flatMap((value) => (
    value === undefined ? [] : [ndArray(value.shape as readonly number[], value.dtype, Float64Array.from(value.data))]));
  const [type] = node.types;
  if (arrays.length < inputs.length || arrays.some(({ data }) => data.length > LARGEST_FOLDED)) return undefined;
  if (type === undefined || type.shape.some((dim) => typeof dim === "string")) return undefined; // nothing, in a shape that only a run knows
  const [result] = evaluateOn(node, arrays);
  if (result === undefined || result.data.length > LARGEST_FOLDED) return undefined;
  return constant([...result.data], type.dtype, result.shape);
}

function evaluateOn<K extends OperationName>(node: Node<K>, arrays: Parameters<(typeof definitions)[K]["evaluate"]>[0]) {
  return definitions[node.op].evaluate(arrays, node.attributes, new Map());
}

/** Elementwise operations broadcast by themselves. */
function dropBroadcasts(node: Node, inputs: readonly Tensor[]): Tensor | undefined {
  if (!ELEMENTWISE.has(node.op)) return undefined;
  const shape = node.types[0]?.shape ?? [];
  for (const [at, operand] of inputs.entries()) {
    const source = operand.node.inputs[0];
    if (!isNode(operand.node, "broadcastTo") || source === undefined) continue;
    const bare = inputs.map((tensor, other) => (other === at ? source : tensor));
    if (broadcastsTo(bare, shape)) return withInputs(node, bare)[0];
  }
  return undefined;
}

function broadcastsTo(tensors: readonly Tensor[], shape: Shape): boolean {
  return shapesEqual(broadcastShapes(...tensors.map((tensor) => tensor.shape)), shape);
}

/** x + 0, x − 0, x · 1, x · −1, x / 1, x ^ 1. */
function neutralElements(node: Node, [a, b]: readonly Tensor[]): Tensor | undefined {
  if (a === undefined || b === undefined) return undefined;
  const shape = node.types[0]?.shape ?? [];
  const keeps = (tensor: Tensor): Tensor | undefined => (shapesEqual(tensor.shape, shape) ? tensor : undefined);
  const [x, y] = [scalarOf(a), scalarOf(b)];
  switch (node.op) {
    case "add":
      return y === 0 ? keeps(a) : x === 0 ? keeps(b) : undefined;
    case "subtract":
      return y === 0 ? keeps(a) : x === 0 ? keeps(b)?.negate() : undefined;
    case "multiply":
      return y === 1 ? keeps(a) : x === 1 ? keeps(b) : y === -1 ? keeps(a)?.negate() : x === -1 ? keeps(b)?.negate() : undefined;
    case "divide":
    case "power":
      return y === 1 ? keeps(a) : undefined;
    default:
      return undefined;
  }
}

function addOfNegation(node: Node, [a, b]: readonly Tensor[]): Tensor | undefined {
  if (node.op !== "add" || a === undefined || b === undefined) return undefined;
  const [negatedA] = isNode(a.node, "negate") ? a.node.inputs : [];
  const [negatedB] = isNode(b.node, "negate") ? b.node.inputs : [];
  return negatedB !== undefined ? a.subtract(negatedB) : negatedA !== undefined ? b.subtract(negatedA) : undefined;
}

function doubleNegation(node: Node, [x]: readonly Tensor[]): Tensor | undefined {
  return (node.op === "negate" || node.op === "not") && x?.node.op === node.op ? x.node.inputs[0] : undefined;
}

function joinTransposes(node: Node, [x]: readonly Tensor[]): Tensor | undefined {
  if (!isNode(node, "transpose") || x === undefined) return undefined;
  const { permutation } = node.attributes;
  if (permutation.every((axis, at) => axis === at)) return x;
  const [source] = x.node.inputs;
  if (!isNode(x.node, "transpose") || source === undefined) return undefined;
  const inner = x.node.attributes.permutation;
  return apply("transpose", [source], { permutation: permutation.map((axis) => inner[axis] ?? axis) });
}

function joinReshapes(node: Node, [x]: readonly Tensor[]): Tensor | undefined {
  if (!isNode(node, "reshape") || x === undefined) return undefined;
  if (shapesEqual(x.shape, node.attributes.shape)) return x;
  const [source] = x.node.inputs;
  return isNode(x.node, "reshape") && source !== undefined ? source.reshape(node.attributes.shape) : undefined;
}

/** Parts of a split joined again in their order. */
function joinSplits(node: Node, inputs: readonly Tensor[]): Tensor | undefined {
  const [first] = inputs;
  if (!isNode(node, "concat") || first === undefined || !isNode(first.node, "split")) return undefined;
  const { axis, sizes } = first.node.attributes;
  const whole = inputs.length === sizes.length && inputs.every(({ node: part, index }, at) => part === first.node && index === at);
  return whole && axis === node.attributes.axis ? first.node.inputs[0] : undefined;
}

function withoutStopGradient(node: Node, [x]: readonly Tensor[]): Tensor | undefined {
  return node.op === "stopGradient" ? x : undefined;
}

function emptySum(node: Node, [x]: readonly Tensor[]): Tensor | undefined {
  return isNode(node, "reduceSum") && node.attributes.axes.length === 0 ? x : undefined;
}
