/**
 * The part of the ONNX format that lowering needs, written as protocol buffers.
 * Field numbers are those of `onnx.proto3`, IR version 10.
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** `TensorProto.DataType`. */
export const OnnxType = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, uint32: 12, uint64: 13 } as const;
export type OnnxType = (typeof OnnxType)[keyof typeof OnnxType];

export interface OnnxTensor {
  readonly type: OnnxType;
  readonly dims: readonly number[];
  readonly raw: Uint8Array;
}

/** A value's declared type; a string dimension is symbolic, `undefined` unknown. */
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly (number | string)[];
}

export type OnnxAttribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "tensor"; readonly value: OnnxTensor }
  | { readonly kind: "graph"; readonly value: OnnxGraph };

export interface OnnxNode {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly initializers: readonly (OnnxTensor & { readonly name: string })[];
}

const OPSET = 21;
export const MICROSOFT_DOMAIN = "com.microsoft";
const IR_VERSION = 10;

/** Serialises a ModelProto that any ONNX tool can load. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int64(IR_VERSION);
  writer.tag(2, WireType.LengthDelimited).string("decade");
  nested(writer, 7, () => writeGraph(writer, graph));
  for (const [domain, version] of [["", OPSET], [MICROSOFT_DOMAIN, 1]] as const) {
    nested(writer, 8, () => {
      writer.tag(1, WireType.LengthDelimited).string(domain);
      writer.tag(2, WireType.Varint).int64(version);
    });
  }
  return writer.finish();
}

function nested(writer: BinaryWriter, field: number, body: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  body();
  writer.join();
}

function writeGraph(writer: BinaryWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) nested(writer, 1, () => writeNode(writer, node));
  writer.tag(2, WireType.LengthDelimited).string(graph.name);
  for (const tensor of graph.initializers) nested(writer, 5, () => writeTensor(writer, tensor, tensor.name));
  for (const value of graph.inputs) nested(writer, 11, () => writeValue(writer, value));
  for (const value of graph.outputs) nested(writer, 12, () => writeValue(writer, value));
}

function writeNode(writer: BinaryWriter, node: OnnxNode): void {
  for (const input of node.inputs) writer.tag(1, WireType.LengthDelimited).string(input);
  for (const output of node.outputs) writer.tag(2, WireType.LengthDelimited).string(output);
  writer.tag(3, WireType.LengthDelimited).string(node.outputs[0] ?? "");
  writer.tag(4, WireType.LengthDelimited).string(node.operator);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    nested(writer, 5, () => writeAttribute(writer, name, attribute));
  }
  if (node.domain !== "") writer.tag(7, WireType.LengthDelimited).string(node.domain);
}

/** `AttributeProto.AttributeType` of each kind. */
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, ints: 7 } as const;

function writeAttribute(writer: BinaryWriter, name: string, attribute: OnnxAttribute): void {
  writer.tag(1, WireType.LengthDelimited).string(name);
  switch (attribute.kind) {
    case "float":
      writer.tag(2, WireType.Bit32).float(attribute.value);
      break;
    case "int":
      writer.tag(3, WireType.Varint).int64(attribute.value);
      break;
    case "string":
      writer.tag(4, WireType.LengthDelimited).string(attribute.value);
      break;
    case "tensor":
      nested(writer, 5, () => writeTensor(writer, attribute.value, ""));
      break;
    case "graph":
      nested(writer, 6, () => writeGraph(writer, attribute.value));
      break;
    case "ints":
      for (const value of attribute.value) writer.tag(8, WireType.Varint).int64(value);
      break;
    default:
      attribute satisfies never;
  }
  writer.tag(20, WireType.Varint).int32(ATTRIBUTE_TYPE[attribute.kind]);
}

function writeTensor(writer: BinaryWriter, tensor: OnnxTensor, name: string): void {
  for (const dim of tensor.dims) writer.tag(1, WireType.Varint).int64(dim);
  writer.tag(2, WireType.Varint).int32(tensor.type);
  if (name !== "") writer.tag(8, WireType.LengthDelimited).string(name);
  writer.tag(9, WireType.LengthDelimited).bytes(tensor.raw);
}

function writeValue(writer: BinaryWriter, value: OnnxValue): void {
  writer.tag(1, WireType.LengthDelimited).string(value.name);
  // TypeProto.tensor_type { elem_type, shape { dim { dim_value | dim_param } } }
  nested(writer, 2, () => nested(writer, 1, () => {
    writer.tag(1, WireType.Varint).int32(value.type);
    nested(writer, 2, () => {
      for (const dim of value.shape) {
        nested(writer, 1, () => {
          if (typeof dim === "number") writer.tag(1, WireType.Varint).int64(dim);
          else writer.tag(2, WireType.LengthDelimited).string(dim);
        });
      }
    });
  }));
}
