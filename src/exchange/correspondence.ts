/** Which of another library's tensors holds which of a model's parameters, read in both directions. */
import type { NamedTensor } from "../data/safetensors.ts";
import type { Linear } from "../nn/linear.ts";
import type { Module, Parameter } from "../nn/module.ts";
import type { LayerNorm, RmsNorm } from "../nn/norm.ts";
import { ExchangeError } from "./exchange-error.ts";
import type { Tensors } from "./weights.ts";

export interface Correspondence {
  /** The tensor's name. */
  readonly tensor: string;
  /** What it holds, side by side along the last axis. */
  readonly parameters: readonly Parameter[];
  /** Whether the tensor is the parameter's transposition, [output, input] for a linear layer. */
  readonly transposed: boolean;
  /** Whether a vector is stored as a matrix of one row. */
  readonly asRow?: boolean;
}

export function same(tensor: string, parameter: Parameter): Correspondence {
  return { tensor, parameters: [parameter], transposed: false };
}

/** Linear layers side by side; `bias: false` where the tensors have none. */
export function linear(name: string, layers: readonly Linear[], { transposed, bias }: { transposed: boolean; bias: boolean }): Correspondence[] {
  const biases = layers.flatMap((layer) => layer.bias ?? []);
  return [
    { tensor: `${name}.weight`, parameters: layers.map(({ weight }) => weight), transposed },
    ...(bias ? [{ tensor: `${name}.bias`, parameters: biases, transposed: false }] : []),
  ];
}

export function norm(name: string, layer: LayerNorm | RmsNorm): Correspondence[] {
  const bias = "bias" in layer ? layer.bias : undefined;
  return [same(`${name}.weight`, layer.gain), ...(bias === undefined ? [] : [same(`${name}.bias`, bias)])];
}

/**
 * The parameters of a model from a file's tensors, by name. Biases that no tensor holds are zero.
 *
 * @param origin names the file in errors
 * @param ignored tensors that say nothing which the configuration does not
 * @throws ExchangeError where a tensor is missing, has another shape, or belongs to no parameter
 */
export function readParameters(
  model: Module, correspondences: readonly Correspondence[], tensors: Tensors, origin: string, ignored: RegExp,
): Map<string, Float32Array> {
  const known = new Set(correspondences.map(({ tensor }) => tensor));
  const foreign = [...tensors.keys()].filter((name) => !known.has(name) && !ignored.test(name));
  if (foreign.length > 0) {
    throw new ExchangeError(`${origin} holds ${quoteSome(foreign)}, for which the model of its config.json has no place; it is a variant that Decade does not have.`);
  }
  const missing = correspondences.filter(({ tensor }) => !tensors.has(tensor)).map(({ tensor }) => tensor);
  if (missing.length > 0) {
    throw new ExchangeError(`${origin} lacks ${quoteSome(missing)}, which the model of its config.json needs; the files are of different models or incomplete.`);
  }
  const values = new Map(model.parameters().map(({ name, size }) => [name, new Float32Array(size)]));
  for (const correspondence of correspondences) readTensor(correspondence, tensors, values, origin);
  return values;
}

/** The tensors that hold a model's parameters. A parameter without a value, a bias that the model does not have, is zero. */
export function writeParameters(correspondences: readonly Correspondence[], values: ReadonlyMap<string, Float32Array>): NamedTensor[] {
  return correspondences.map((correspondence) => {
    const { tensor, parameters, transposed } = correspondence;
    const [rows, columns] = matrixOf(parameters);
    const own = new Float32Array(rows * columns);
    let start = 0;
    for (const { name, shape } of parameters) {
      const width = shape.at(-1) ?? 1;
      copyBlock(values.get(name), width, 0, own, columns, start, rows, width);
      start += width;
    }
    const data = transposed ? transpose(own, rows, columns) : own;
    return { name: tensor, dtype: "float32", shape: shapeOf(correspondence), data };
  });
}

function readTensor(
  correspondence: Correspondence, tensors: Tensors, values: ReadonlyMap<string, Float32Array>, origin: string,
): void {
  const { tensor: name, parameters, transposed } = correspondence;
  const tensor = tensors.get(name);
  const shape = shapeOf(correspondence);
  if (tensor?.dtype !== "float32" || tensor.shape.join() !== shape.join()) {
    throw new ExchangeError(`"${name}" in ${origin} is ${tensor?.dtype} [${tensor?.shape.join(", ")}], but its config.json makes it float32 [${shape.join(", ")}]; `
      + "the files are of different models.");
  }
  const [rows, columns] = matrixOf(parameters);
  const own = transposed ? transpose(tensor.data, columns, rows) : tensor.data;
  let start = 0;
  for (const parameter of parameters) {
    const width = parameter.shape.at(-1) ?? 1;
    copyBlock(own, columns, start, values.get(parameter.name), width, 0, rows, width);
    start += width;
  }
}

/** Rows and columns of the parameters side by side. */
function matrixOf(parameters: readonly Parameter[]): [number, number] {
  const columns = parameters.reduce((sum, { shape }) => sum + (shape.at(-1) ?? 1), 0);
  const size = parameters.reduce((sum, parameter) => sum + parameter.size, 0);
  return [size / columns, columns];
}

function shapeOf({ parameters, transposed, asRow = false }: Correspondence): number[] {
  const [rows, columns] = matrixOf(parameters);
  if (parameters[0]?.shape.length === 1) return asRow ? [1, columns] : [columns];
  return transposed ? [columns, rows] : [rows, columns];
}

function copyBlock(
  from: Float32Array | undefined, fromWidth: number, fromStart: number,
  to: Float32Array | undefined, toWidth: number, toStart: number, rows: number, width: number,
): void {
  if (from === undefined || to === undefined) return;
  for (let row = 0; row < rows; row++) {
    const start = row * fromWidth + fromStart;
    to.set(from.subarray(start, start + width), row * toWidth + toStart);
  }
}

/** [rows, columns] → [columns, rows] */
export function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = data[row * columns + column] ?? 0;
  }
  return result;
}

/** `"a", "b", "c" and 12 more` */
function quoteSome(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => `"${name}"`).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
