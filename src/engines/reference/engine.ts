import { evaluateGraph } from "../../graph/evaluate.ts";
import { ndArray, type NdArray } from "../../graph/nd-array.ts";
import { isNode } from "../../graph/node.ts";
import { buildProgram, type Program, type Results, type Signature } from "../../graph/program.ts";
import { Tensor } from "../../graph/tensor.ts";
import { topologicalOrder, TensorMap } from "../../graph/traverse.ts";
import { dimensionsOfRun } from "../dimensions.ts";
import { requireFrozen, type CompileOptions, type Engine, type Executable, type Feeds, type Fetches, type NumericArray } from "../engine.ts";
import { StateStore } from "../state-store.ts";

/** Plain TypeScript in float64: slow, exact, for tests. */
export function reference(): Engine {
  return {
    name: "reference",
    createState: () => new StateStore(true),
    compile: async (feeds, build, options = {}) => new ReferenceExecutable(buildProgram(feeds, build), options),
  };
}

class ReferenceExecutable<S extends Signature, R extends Results> implements Executable<S, R> {
  readonly state: StateStore;
  readonly #program: Program;

  constructor(program: Program, options: CompileOptions) {
    requireFrozen(program, options);
    const { state = new StateStore(true) } = options;
    this.#program = program;
    this.state = state;
    program.variables.forEach((variable) => state.declare(variable));
  }

  async run(feeds: Feeds<S>): Promise<Fetches<R>> {
    const { fetches, updates } = this.#program;
    const dims = dimensionsOfRun(this.#program, feeds);
    const outputs = [...fetches.map(({ tensor }) => tensor), ...updates.map(({ value }) => value)];
    const values = evaluateGraph(outputs, this.#leaves(outputs, feeds), dims);
    updates.forEach(({ variable }, at) => {
      const value = values[fetches.length + at];
      if (value !== undefined) this.state.write(variable.name, value.data);
    });
    return Object.fromEntries(fetches.map(({ name }, at) => {
      const { data, shape } = values[at] ?? ndArray([0], "float32");
      return [name, { data, shape }];
    })) as Fetches<R>;
  }

  async dispose(): Promise<void> {
    // Nothing is kept outside JavaScript.
  }

  #leaves(outputs: Parameters<typeof topologicalOrder>[0], feeds: Readonly<Record<string, NumericArray>>): TensorMap<NdArray> {
    const bound = new TensorMap<NdArray>();
    for (const node of topologicalOrder(outputs)) {
      const [type] = node.types;
      if (type === undefined) continue;
      if (isNode(node, "state")) {
        const { variable } = node.attributes;
        bound.set(new Tensor(node, 0), ndArray(variable.shape, variable.dtype, Float64Array.from(this.state.read(variable.name))));
      } else if (isNode(node, "input")) {
        const feed = feeds[node.attributes.name];
        if (feed !== undefined) bound.set(new Tensor(node, 0), ndArray(feed.shape, type.dtype, Float64Array.from(feed.data)));
      }
    }
    return bound;
  }
}
