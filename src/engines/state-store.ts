import { GraphError } from "../graph/apply.ts";
import type { StateVariable } from "../graph/state.ts";

export type StateData = Float32Array | Float64Array | Int32Array;

/**
 * The arrays that an engine keeps between runs, by name. Executables compiled on one store share them, so that one
 * program may compute gradients and another may apply them.
 */
export class StateStore {
  readonly #entries = new Map<string, { readonly variable: StateVariable; data: StateData }>();

  #turn: Promise<unknown> = Promise.resolve();

  /** `double` holds float32 variables in float64. */
  constructor(readonly double = false) {}

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** Makes room for a variable and initialises it, unless the store has it. Throws where shapes differ, or there is no room. */
  declare(variable: StateVariable): void {
    const known = this.#entries.get(variable.name);
    if (known !== undefined) {
      if (known.variable.shape.join() !== variable.shape.join() || known.variable.dtype !== variable.dtype) {
        throw new Error(`The state "${variable.name}" is ${known.variable.dtype} [${known.variable.shape.join(", ")}], `
          + `but a program wants ${variable.dtype} [${variable.shape.join(", ")}].`);
      }
      return;
    }
    this.#entries.set(variable.name, { variable, data: this.#initialised(variable) });
  }

  #initialised(variable: StateVariable): StateData {
    const size = variable.shape.reduce((product, dim) => product * dim, 1);
    try {
      const initial = variable.initialize();
      if (initial.length === size) return this.double && variable.dtype === "float32" ? Float64Array.from(initial) : initial.slice();
      throw new Error(`"${variable.name}" was initialised with ${initial.length} numbers, its shape [${variable.shape.join(", ")}] has ${size}.`);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new GraphError(`"${variable.name}" [${variable.shape.join(", ")}] has ${size} numbers, for which there is no room in memory; make the model smaller.`, { cause: error });
    }
  }

  variable(name: string): StateVariable {
    return this.#entry(name).variable;
  }

  /** Waits for the tasks given before, so that runs which are not awaited still change the state one after another. */
  inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(task);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** The live array: runs change it, or replace it by another. Copy it to keep it. */
  read(name: string): StateData {
    return this.#entry(name).data;
  }

  /** Overwrites a variable's values. Throws where the length differs. */
  write(name: string, values: ArrayLike<number>): void {
    const { data, variable } = this.#entry(name);
    if (values.length !== data.length) {
      throw new Error(`"${name}" [${variable.shape.join(", ")}] holds ${data.length} numbers, ${values.length} were given.`);
    }
    data.set(values);
  }

  /** Replaces the array that holds a variable; used by engines that write results to a second buffer. */
  exchange(name: string, data: StateData): StateData {
    const entry = this.#entry(name);
    const old = entry.data;
    entry.data = data;
    return old;
  }

  #entry(name: string) {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new Error(`There is no state named "${name}".`);
    return entry;
  }
}
