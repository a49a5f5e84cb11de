import { apply } from "../graph/apply.ts";
import { GOLDEN, mix32 } from "../graph/ops/random.ts";
import { withPath } from "../graph/scope.ts";
import type { StateVariable } from "../graph/state.ts";
import type { Tensor } from "../graph/tensor.ts";
import { hashName, type Initializer } from "./initializer.ts";

/** An array that training changes. Its name is its path within the model: `encoder.layers.0.weightInput`. */
export class Parameter implements StateVariable {
  readonly dtype = "float32";
  #name: string | undefined;
  #seed = 1;
  #tensor: Tensor | undefined;
  #beginning: Float32Array | undefined;

  constructor(readonly shape: readonly number[], readonly initializer: Initializer) {}

  get name(): string {
    if (this.#name === undefined) throw new Error("A parameter has no name before its model is used: call model.parameters() first.");
    return this.#name;
  }

  get size(): number {
    return this.shape.reduce((product, dim) => product * dim, 1);
  }

  /** The parameter in a graph. */
  get tensor(): Tensor {
    return this.#tensor ??= apply("state", [], { variable: this });
  }

  attach(name: string): void {
    this.#name = name;
  }

  seed(seed: number): void {
    this.#seed = seed;
  }

  /** Gives the initial values in place of drawn ones. @throws Error where they are not as many as the shape has */
  beginWith(values: Float32Array): void {
    if (values.length !== this.size) throw new Error(`The parameter "${this.name}" has ${this.size} numbers, but was given ${values.length}.`);
    this.#beginning = values;
  }

  initialize(): Float32Array {
    if (this.#beginning !== undefined) return this.#beginning.slice();
    const key = mix32(hashName(this.name) + Math.imul(this.#seed, GOLDEN));
    return this.initializer(this.shape, (index) => mix32((key + Math.imul(index, GOLDEN)) | 0) * 2 ** -32);
  }
}

/**
 * A part of a model: fields that are parameters, modules, or arrays of modules make up its tree.
 *
 *     class Scale extends Module {
 *       readonly factor = new Parameter([8], constantInitializer(1));
 *       forward(x: Tensor): Tensor { return this.within(() => x.multiply(this.factor.tensor)); }   // [..., 8]
 *     }
 */
export abstract class Module {
  #path: string | undefined;

  /** Path within the model; empty for the model itself. */
  get path(): string {
    this.#attachRoot();
    return this.#path ?? "";
  }

  /** All parameters of this module and its parts, in the order of their fields, each once. */
  parameters(): Parameter[] {
    this.#attachRoot();
    const found = new Set<Parameter>();
    for (const { child } of this.#children()) {
      if (child instanceof Parameter) found.add(child);
      else child.parameters().forEach((parameter) => found.add(parameter));
    }
    return [...found];
  }

  /** This module and all its parts, in the order of their fields, each once. */
  modules(): Module[] {
    const parts = this.#children().flatMap(({ child }) => (child instanceof Module ? child.modules() : []));
    return [...new Set([this, ...parts])];
  }

  /** Chooses the initial values of all parameters. Same seed and name, same values. */
  seed(seed: number): this {
    this.parameters().forEach((parameter) => parameter.seed(seed));
    return this;
  }

  /** Puts a prefix before all names: two models in one program need one each. */
  attach(path: string): this {
    this.#path = path;
    for (const { name, child } of this.#children()) child.attach(path === "" ? name : `${path}.${name}`);
    return this;
  }

  /** Builds a part of the graph on behalf of this module, so that errors name it. */
  protected within<T>(build: () => T): T {
    return withPath(this.path, build);
  }

  #attachRoot(): void {
    if (this.#path === undefined) this.attach("");
  }

  #children(): { name: string; child: Module | Parameter }[] {
    return Object.entries(this).flatMap(([name, value]: [string, unknown]) => (
      Array.isArray(value) ? value.map((item: unknown, at) => [`${name}.${at}`, item] as const) : [[name, value] as const]
    )).flatMap(([name, child]) => (child instanceof Module || child instanceof Parameter ? [{ name, child }] : []));
  }
}
