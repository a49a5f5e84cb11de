import type { Definition } from "../definition.ts";
import { ndArray, sizeOf } from "../nd-array.ts";
import type { OperationAttributes } from "../operations.ts";

function unbound(what: string): never {
  throw new Error(`${what} was not given a value`);
}

export const inputDefinition: Definition<OperationAttributes["input"]> = {
  infer: (_inputs, { shape, dtype }) => [{ shape, dtype }],
  evaluate: (_inputs, { name }) => unbound(`the input "${name}"`),
};

export const stateDefinition: Definition<OperationAttributes["state"]> = {
  infer: (_inputs, { variable: { shape, dtype } }) => [{ shape, dtype }],
  evaluate: (_inputs, { variable }) => unbound(`the state "${variable.name}"`),
};

export const constantDefinition: Definition<OperationAttributes["constant"]> = {
  infer(_inputs, { data, shape, dtype }) {
    if (data.length !== sizeOf(shape as readonly number[])) throw new Error(`${data.length} numbers do not fill the shape [${shape.join(", ")}]`);
    return [{ shape, dtype }];
  },
  evaluate: (_inputs, { data, shape, dtype }) => [ndArray(shape as readonly number[], dtype, Float64Array.from(data))],
};
