import { inlineComposites } from "../../graph/control.ts";
import { isNode, type Node } from "../../graph/node.ts";
import type { OperationName } from "../../graph/operations.ts";
import type { Program } from "../../graph/program.ts";
import type { Shape } from "../../graph/shape.ts";
import { simplify } from "../../graph/simplify.ts";
import type { StateVariable } from "../../graph/state.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { topologicalOrder } from "../../graph/traverse.ts";
import { GraphBuilder, ONNX_TYPE, type UnsetSum } from "./builder.ts";
import { FUSED } from "./fused.ts";
import { inPlaceUpdates } from "./in-place.ts";
import { lowerings } from "./lowering.ts";
import { encodeModel, type OnnxGraph, type OnnxTensor, type OnnxValue } from "./proto.ts";

/** A state variable under one of the shapes in which the model sees it; all share one buffer. */
export interface StateInput {
  readonly name: string;
  readonly variable: StateVariable;
  readonly shape: readonly number[];
}

export interface StateOutput extends StateInput {
  readonly inPlace: boolean;
}

export interface LoweredProgram {
  readonly model: Uint8Array;
  /** Names of the feeds that the model takes. */
  readonly feeds: readonly string[];
  /** What is fetched: its name, and that of the model's output. */
  readonly fetches: readonly { readonly name: string; readonly output: string }[];
  readonly stateInputs: readonly StateInput[];
  readonly stateOutputs: readonly StateOutput[];
  readonly unsetSums: readonly UnsetSum[];
}

/** Replaces composites for which the engine has no operator by their bodies. */
function expandComposites(program: Program): Program {
  const outputs = [...program.fetches.map(({ tensor }) => tensor), ...program.updates.map(({ value }) => value)];
  const expanded = simplify(inlineComposites(outputs, ({ attributes: { label } }) => FUSED.has(label)));
  const result = (at: number): Tensor => expanded[at] ?? fail();
  return {
    ...program,
    fetches: program.fetches.map(({ name }, at) => ({ name, tensor: result(at) })),
    updates: program.updates.map(({ variable }, at) => ({ variable, value: result(program.fetches.length + at) })),
  };
}

function fail(): never {
  throw new Error("Lowering lost a result.");
}

/**
 * Lowers a program to an ONNX model. `constants` gives the values of state variables that become part of the model
 * instead of inputs.
 */
export function lowerProgram(...source: Parameters<typeof lowerToGraph>): LoweredProgram {
  const { graph, ...lowered } = lowerToGraph(...source);
  return { ...lowered, model: encodeModel(graph) };
}

/** `lowerProgram`, before the model is serialised. */
export function lowerToGraph(
  source: Program,
  constants?: (variable: StateVariable) => Uint8Array,
): Omit<LoweredProgram, "model"> & { readonly graph: OnnxGraph } {
  const program = expandComposites(source);
  const outputs = [...program.fetches.map(({ tensor }) => tensor), ...program.updates.map(({ value }) => value)];
  const used = new Set(topologicalOrder(outputs).flatMap((node) => (isNode(node, "input") ? [node.attributes.name] : [])));
  const dimSources = new Map<string, { value: string; axis: number }>();
  const inputs: OnnxValue[] = [];
  for (const [name, { shape, dtype }] of Object.entries(program.feeds)) {
    const dims = shape.filter((dim) => typeof dim === "string" && /^[A-Za-z_][A-Za-z0-9_.]*$/.test(dim) && !dimSources.has(dim));
    if (!used.has(name) && dims.length === 0) continue;
    used.add(name);
    shape.forEach((dim, axis) => {
      if (dims.includes(dim) && typeof dim === "string" && !dimSources.has(dim)) dimSources.set(dim, { value: name, axis });
    });
    inputs.push({ name, type: ONNX_TYPE[dtype], shape });
  }

  const stateInputs = new Map<string, StateInput>();
  const initializers: (OnnxTensor & { name: string })[] = [];
  const stateInput = (variable: StateVariable, shape: readonly number[]): string => {
    const name = `state:${variable.name}${shape.join() === variable.shape.join() ? "" : `[${shape.join()}]`}`;
    if (!stateInputs.has(name)) {
      stateInputs.set(name, { name, variable, shape });
      const type = ONNX_TYPE[variable.dtype];
      if (constants === undefined) inputs.push({ name, type, shape });
      else initializers.push({ name, type, dims: shape, raw: constants(variable) });
    }
    return name;
  };
  const lower = (node: Node, builder: GraphBuilder): readonly string[] => {
    if (isNode(node, "state")) return [stateInput(node.attributes.variable, node.attributes.variable.shape)];
    if (isNode(node, "input")) return [node.attributes.name];
    const view = viewOfState(node);
    return view !== undefined ? [stateInput(view.variable, view.shape)] : lowerNode(node, builder);
  };

  const builder = new GraphBuilder(lower, dimSources, new Set(Object.keys(program.feeds)));
  const values: OnnxValue[] = [];
  const finish = (name: string, tensor: Tensor): string => {
    values.push({ name, type: ONNX_TYPE[tensor.dtype], shape: tensor.shape });
    return name;
  };
  const updates = program.updates.map(({ variable, value }) => ({ variable, value: withoutReshape(value) }));
  builder.prepare([...program.fetches.map(({ tensor }) => tensor), ...updates.map(({ value }) => value)]);
  // A result is written where it is computed; it is copied only where it is another output too, or nothing's own.
  const output = (tensor: Tensor, copyName: string): string => {
    const own = builder.value(tensor);
    const isFree = builder.isProduced(own) && !values.some(({ name }) => name === own);
    if (isFree) return finish(own, tensor);
    builder.identity(own, finish(copyName, tensor));
    return copyName;
  };
  const fetches = program.fetches.map(({ name, tensor }) => ({ name, output: output(tensor, `fetch:${name}`) }));
  const isInPlace = inPlaceUpdates(program);
  const stateOutputs = updates.map(({ variable, value }): StateOutput => ({
    name: output(value, `next:${variable.name}`), variable, shape: value.shape as readonly number[], inPlace: isInPlace({ variable, value }),
  }));
  return {
    graph: {
      name: "decade", nodes: builder.nodes, inputs, outputs: values,
      initializers: [...initializers, ...builder.initializers.values()],
    },
    feeds: [...used],
    fetches,
    stateInputs: constants === undefined ? [...stateInputs.values()] : [],
    stateOutputs,
    unsetSums: builder.unsetSums,
  };
}

function lowerNode<K extends OperationName>(node: Node<K>, builder: GraphBuilder): readonly string[] {
  return lowerings[node.op](node, builder);
}

/** A reshaped variable is the same buffer under another shape. */
function viewOfState(node: Node): { variable: StateVariable; shape: readonly number[] } | undefined {
  const [source] = node.inputs;
  if (!isNode(node, "reshape") || source === undefined || !isNode(source.node, "state")) return undefined;
  return { variable: source.node.attributes.variable, shape: concrete(node.attributes.shape) };
}

/** A new value that is only reshaped at the end is written in its own shape. */
function withoutReshape(tensor: Tensor): Tensor {
  const [source] = tensor.node.inputs;
  const free = isNode(tensor.node, "reshape") && source !== undefined && source.shape.every((dim) => typeof dim === "number");
  return free ? source : tensor;
}

function concrete(shape: Shape): readonly number[] {
  return shape.map((dim) => (typeof dim === "number" ? dim : fail()));
}
