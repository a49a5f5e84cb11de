import type { Definition } from "../definition.ts";
import { evaluateGraph } from "../evaluate.ts";
import type { OperationAttributes } from "../operations.ts";
import { TensorMap } from "../traverse.ts";

export const compositeDefinition: Definition<OperationAttributes["composite"]> = {
  infer: (_inputs, { results }) => results.map(({ shape, dtype }) => ({ shape, dtype })),
  evaluate(inputs, { placeholders, results }, dims) {
    return evaluateGraph(results, new TensorMap(placeholders.flatMap((tensor, at) => {
      const value = inputs[at];
      return value === undefined ? [] : [[tensor, value] as const];
    })), dims);
  },
};
