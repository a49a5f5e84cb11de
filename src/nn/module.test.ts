import { describe, expect, test } from "vitest";
import { onnx } from "../engines/onnx/engine.ts";
import { float32 } from "../graph/program.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import { constantInitializer, uniformInitializer } from "./initializer.ts";
import { Linear } from "./linear.ts";
import { Module, Parameter } from "./module.ts";

class Block extends Module {
  readonly inner = new Linear(4, 4);
  readonly gain = new Parameter([4], constantInitializer(1));

  forward(x: Tensor): Tensor {
    return this.within(() => this.inner.forward(x).multiply(this.gain.tensor));
  }
}

class Model extends Module {
  readonly first = new Linear(3, 4, { bias: false });
  readonly blocks = [new Block(), new Block()];
  readonly label = "not a part";
  readonly none = undefined;
  readonly shared = this.first.weight;

  forward(x: Tensor): Tensor {
    return this.within(() => this.blocks.reduce((y, block) => block.forward(y), this.first.forward(x)));
  }
}

const NAMES = [
  "shared", "blocks.0.inner.weight", "blocks.0.inner.bias", "blocks.0.gain", "blocks.1.inner.weight", "blocks.1.inner.bias", "blocks.1.gain",
];

describe("the parts of a model", () => {
  test("are named by their fields, in order; one that is shared is there once", () => {
    expect(new Model().parameters().map(({ name }) => name)).toEqual(NAMES);
  });

  test("are listed whole before their own parts", () => {
    const model = new Model();
    const [one, other] = model.blocks;
    expect(model.modules()).toEqual([model, model.first, one, one?.inner, other, other?.inner]);
  });

  test("know their paths", () => {
    const model = new Model();
    expect(model.path).toBe("");
    expect(model.blocks.map(({ inner }) => inner.path)).toEqual(["blocks.0.inner", "blocks.1.inner"]);
  });

  test("take a prefix, and give it up again", () => {
    const model = new Model();
    expect(model.attach("left").parameters().map(({ name }) => name)).toEqual(NAMES.map((name) => `left.${name}`));
    expect(model.blocks[1]?.inner.path).toBe("left.blocks.1.inner");
    expect(model.attach("").parameters().map(({ name }) => name)).toEqual(NAMES);
  });
});

describe("a parameter", () => {
  test("has no name before its model is used, and says what to do", () => {
    expect(() => new Parameter([2], constantInitializer(0)).name).toThrow("call model.parameters() first");
  });

  test("knows its size", () => {
    expect(new Parameter([3, 4, 5], constantInitializer(0)).size).toBe(60);
    expect(new Parameter([], constantInitializer(0)).size).toBe(1);
  });
});

describe("seeds", () => {
  const valuesOf = (seed: number): number[][] => new Model().seed(seed).parameters().map((parameter) => [...parameter.initialize()]);

  test("choose all values", () => {
    expect(valuesOf(1)).toEqual(valuesOf(1));
    expect(valuesOf(1)[0]).not.toEqual(valuesOf(2)[0]);
  });

  test("give parts of one shape values of their own", () => {
    const values = valuesOf(1);
    expect(values[1]).not.toEqual(values[4]);
  });
});

test("an error in a layer names its path, the operation and the shapes", () => {
  expect(() => new Model().forward(input("x", "float32", ["batch", 5])))
    .toThrow("first: matmul [batch, 5] x [3, 4]: ");
  class Misfit extends Module {
    readonly layers = [new Linear(3, 3), new Linear(4, 2)];

    forward(x: Tensor): Tensor {
      return this.within(() => this.layers.reduce((y, layer) => layer.forward(y), x));
    }
  }
  expect(() => new Misfit().forward(input("x", "float32", ["batch", 3]))).toThrow("layers.1: matmul [batch, 3] x [4, 2]: ");
  expect(() => new Misfit().attach("tower").forward(input("x", "float32", ["batch", 3]))).toThrow("tower.layers.1: matmul");
});

test("two models in one program need a prefix each", async () => {
  const build = (left: Model, right: Model) => onnx({ threads: 1 }).compile({ x: float32("batch", 3) }, ({ x }) => ({ sum: left.forward(x).add(right.forward(x)) }));
  await expect(build(new Model(), new Model())).rejects.toThrow("Two different variables are named");
  const program = await build(new Model().attach("left"), new Model().attach("right"));
  expect(program.state.names).toContain("left.blocks.1.gain");
  expect(program.state.names).toContain("right.blocks.1.gain");
  await program.dispose();
});

test("the initialiser of a parameter sees its shape", () => {
  const parameter = new Parameter([2, 3], (shape, uniform) => uniformInitializer(shape[1] ?? 0)(shape, uniform));
  parameter.attach("weight");
  expect(parameter.initialize()).toHaveLength(6);
});
