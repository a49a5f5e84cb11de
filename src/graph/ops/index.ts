import type { Definition } from "../definition.ts";
import type { OperationAttributes } from "../operations.ts";
import { compositeDefinition } from "./composite.ts";
import {
  binaryDefinitions, cast, comparisonDefinitions, logicalDefinitions, not, stopGradient, unaryDefinitions, whereDefinition,
} from "./elementwise.ts";
import { iota, scatterAdd, scatterAlong, take, takeAlong } from "./indexing.ts";
import { constantDefinition, inputDefinition, stateDefinition } from "./leaves.ts";
import { matmul } from "./matmul.ts";
import { broadcastTo, concat, pad, reshape, reverse, slice, split, transpose } from "./movement.ts";
import { random } from "./random.ts";
import { argmax, reduceMax, reduceSum, topK } from "./reduce.ts";
import { scanDefinition } from "./scan.ts";

/** Every operation's one definition. */
export const definitions: { readonly [K in keyof OperationAttributes]: Definition<OperationAttributes[K]> } = {
  input: inputDefinition,
  state: stateDefinition,
  constant: constantDefinition,
  ...unaryDefinitions,
  ...binaryDefinitions,
  ...comparisonDefinitions,
  ...logicalDefinitions,
  not,
  cast,
  where: whereDefinition,
  stopGradient,
  matmul,
  reduceSum,
  reduceMax,
  argmax,
  topK,
  reshape,
  broadcastTo,
  transpose,
  concat,
  split,
  slice,
  pad,
  reverse,
  take,
  scatterAdd,
  takeAlong,
  scatterAlong,
  iota,
  random,
  scan: scanDefinition,
  composite: compositeDefinition,
};
