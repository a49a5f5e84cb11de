import { dimensionTerms, multiplyDims, type Dim } from "../../graph/dimension.ts";
import { isNode, type Node } from "../../graph/node.ts";
import { BINARY, COMPARISON, LOGICAL, UNARY, type OperationName } from "../../graph/operations.ts";
import type { Shape } from "../../graph/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { topologicalOrder } from "../../graph/traverse.ts";
import { LINEAR_CROSS_ENTROPY } from "../../nn/loss.ts";
import { ScheduleError } from "../schedule.ts";
import type { Recurrence } from "./recurrences.ts";

/** Along which axis a tensor lies in time, and the name of its length. */
interface TimeAxis {
  readonly name: string;
  readonly axis: number;
}

/** What does the same at each position, whatever comes before and after; arguments lie side by side from the last axis on. */
const POINTWISE: ReadonlySet<OperationName> = new Set<OperationName>([
  ...UNARY, ...BINARY, ...COMPARISON, ...LOGICAL, "not", "cast", "where", "stopGradient", "broadcastTo", "iota", "random", "input",
]);

/**
 * Proves that a loss can be computed a piece of time after the other: each of its operations does the same at each position
 * in time, but for loops, which hand on a state, and the sum at the end.
 * @param isLoop nodes that are known to be loops
 * @param times names of the lengths that are cut
 * @throws ScheduleError that names the operation that looks further
 */
export function requirePiecesOfTime(loss: Tensor, loops: readonly Recurrence[], times: ReadonlySet<string>): void {
  const recurrences = new Map(loops.map((loop) => [loop.node, loop]));
  for (const node of topologicalOrder([loss])) {
    const inputs = node.inputs.map(({ shape }) => timeAxis(shape, times, node));
    const loop = recurrences.get(node);
    const isCrossEntropy = isNode(node, "composite") && node.attributes.label === LINEAR_CROSS_ENTROPY;
    const outputs = isCrossEntropy ? node.types.slice(0, 2) : node.types; // the third is blocks of rows, for its own backward pass
    const reads = [...inputs, ...outputs.map(({ shape }) => timeAxis(shape, times, node))].flatMap((time) => (time === undefined ? [] : [time.name]));
    if (reads.length === 0) continue;
    if (new Set(reads).size > 1) refuse(node, `reads ${[...new Set(reads)].join(" and ")} at once`);
    const isFine = loop === undefined ? node === loss.node || isCrossEntropy || isPointwise(node, inputs, times)
      : loop.states.every(({ first }) => inputs[first] === undefined) && inputs.every((time) => time === undefined || time.axis === 0);
    if (!isFine) refuse(node, "needs other positions in time than its own");
  }
  if (!isNode(loss.node, "reduceSum")) refuse(loss.node, "is more than a sum over time");
}

/** Of a shape. Refuses what does not lie along one axis of one length. */
export function timeAxis(shape: Shape, times: ReadonlySet<string>, node: Node): TimeAxis | undefined {
  const found = shape.flatMap((dim, axis) => [...times].filter((name) => namesIn(dim).includes(name)).map((name): TimeAxis => ({ name, axis })));
  const [time, more] = found;
  if (time === undefined) return undefined;
  const whole = dimensionTerms(shape[time.axis] ?? 1);
  if (more !== undefined) refuse(node, `relates positions in time to each other: [${shape.join(", ")}]`);
  if (!whole.every(({ factors }) => factors.includes(time.name))) refuse(node, `has the shape [${shape.join(", ")}]`);
  return time;
}

/** Names in a dimension, those of quotients too. */
function namesIn(dim: Dim): string[] {
  return String(dim).match(/[A-Za-z_][\w.]*/g) ?? [];
}

function isPointwise(node: Node, inputs: readonly (TimeAxis | undefined)[], times: ReadonlySet<string>): boolean {
  const [first, second] = inputs;
  const output = timeAxis(node.types[0]?.shape ?? [], times, node);
  if (POINTWISE.has(node.op)) {
    const rank = node.types[0]?.shape.length ?? 0;
    return inputs.every((time, at) => time === undefined || time.axis - (node.inputs[at]?.rank ?? 0) === (output?.axis ?? NaN) - rank);
  }
  if (isNode(node, "matmul")) {
    const [left = 0, right = 0] = node.inputs.map(({ rank }) => rank);
    return first?.axis !== left - 1 && second?.axis !== Math.max(0, right - 2);
  }
  if (isNode(node, "reshape")) {
    return first !== undefined && output !== undefined && before(node.inputs[0]?.shape ?? [], first) === before(node.attributes.shape, output);
  }
  if (isNode(node, "transpose")) return true;
  if (isNode(node, "take")) return first === undefined;
  if (isNode(node, "reduceSum") || isNode(node, "reduceMax")) return first !== undefined && !node.attributes.axes.includes(first.axis);
  if (isNode(node, "takeAlong") || isNode(node, "split") || isNode(node, "slice") || isNode(node, "pad") || isNode(node, "reverse") || isNode(node, "concat")) {
    return inputs.every((time) => time?.axis !== node.attributes.axis);
  }
  return false;
}

/** Elements before an axis: a reshape that keeps them keeps the order of time, as where [time, batch] becomes [time·batch]. */
function before(shape: Shape, { axis }: TimeAxis): Dim {
  return shape.slice(0, axis).reduce<Dim>(multiplyDims, 1);
}

export function refuse(node: Pick<Node, "op" | "path">, why: string): never {
  const where = node.path === "" ? node.op : `${node.path} (${node.op})`;
  throw new ScheduleError(`The batches cannot pass in pieces of time: ${where} ${why}. A wavefront needs a recurrent model that reads in one direction and attends to nothing `
    + "(model.bidirectional false, model.attention none); for others set parallel.schedule to 1f1b.");
}
