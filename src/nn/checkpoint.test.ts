import { describe, expect, test } from "vitest";
import { requireAgreement, requireClose } from "../engines/conformance.ts";
import type { NumericArray } from "../engines/engine.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import { gradients } from "../graph/gradients.ts";
import { isNode } from "../graph/node.ts";
import { buildProgram, float32, type Results } from "../graph/program.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { topologicalOrder } from "../graph/traverse.ts";
import { checkpoint } from "./checkpoint.ts";
import { FeedForward } from "./feed-forward.ts";
import { feed, fixed, float, requireTrueSlopes, variable, withSlopes } from "./fixtures/layer-checks.ts";
import { Lstm } from "./lstm.ts";
import { Module } from "./module.ts";
import { MultiHeadAttention } from "./multi-head-attention.ts";
import { LayerNorm } from "./norm.ts";

class Block extends Module {
  readonly norm = new LayerNorm(4);
  readonly attention = new MultiHeadAttention(4, 2, { rotaryBase: 100, dropout: 0.2 });
  readonly feedForward = new FeedForward(4, 6, { activation: "gelu", dropout: 0.2 });

  forward(x: Tensor, seed: Tensor): Tensor {
    const y = x.add(this.attention.forward(this.norm.forward(x), { causal: true, seed }));
    return y.add(this.feedForward.forward(y, seed));
  }
}

const [x, seed] = [variable("x", [2, 3, 4]), constant(6, "int32")];

describe("a checkpointed block", () => {
  test("has the values and derivatives of the block itself, dropout included", async () => {
    const block = new Block().attach("block").seed(1);
    const by = [x, ...block.parameters()].map(({ tensor }) => tensor);
    const program = await reference().compile({}, () => {
      const plain = withSlopes({ y: block.forward(x.tensor, seed) }, by);
      const [again = x.tensor] = checkpoint([x.tensor], (input = x.tensor) => [block.forward(input, seed)]);
      const checked = withSlopes({ y: again }, by);
      const named = (prefix: string, tensors: Results): Results => (
        Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${prefix}.${name}`, tensor])));
      return { ...named("plain", plain), ...named("checked", checked) };
    });
    const results: Readonly<Record<string, NumericArray | undefined>> = await program.run({});
    for (const name of ["y", ...by.map((_, at) => `slope${at}`)]) {
      const [plain, checked] = [results[`plain.${name}`], results[`checked.${name}`]];
      if (plain === undefined) throw new Error(`${name} is missing.`);
      requireClose(name, checked, plain, 1e-12);
    }
  });

  test("is on onnx as on the reference, a loop inside included", async () => {
    const [block, lstm] = [new Block().attach("block").seed(1), new Lstm(4, 4).attach("lstm").seed(2)];
    await requireAgreement(onnx({ threads: 1 }), reference(), {
      seed: 1, feeds: { x: float({ dim: "batch", sizes: [1, 3] }, { dim: "time", sizes: [2, 1] }, fixed(4)), s: { dtype: "int32", axes: [] } },
      build: (tensors) => {
        const [input, draw] = [feed(tensors, "x"), feed(tensors, "s")];
        const [y = input] = checkpoint([input], (own = input) => [block.forward(own, draw)]);
        const [z = y] = checkpoint([y], (own = y) => [lstm.forward(own).outputs]);
        return withSlopes({ z }, [input, ...block.parameters().map(({ tensor }) => tensor), ...lstm.parameters().map(({ tensor }) => tensor)]);
      },
    });
  });

  test("may have several inputs and outputs, of which some are not used", async () => {
    const [a, b] = [variable("a", [2, 3]), variable("b", [3])];
    await requireTrueSlopes([a, b], () => {
      const [sum = a.tensor, product = a.tensor] = checkpoint([a.tensor, b.tensor, constant(1)], (p = a.tensor, q = b.tensor) => [p.add(q.exp()), p.multiply(q).tanh(), p]);
      return [sum, product.multiply(b.tensor)];
    });
  });

  test("keeps nothing of what is inside: outside the loop of the backward pass, each inner value is read by the forward pass alone", () => {
    const layer = new FeedForward(4, 64, { activation: "relu" }).attach("layer");
    const build = (wrapped: boolean) => buildProgram({ x: float32(8, 4) }, ({ x: input }) => {
      const block = (own: Tensor): Tensor => layer.forward(own);
      const y = wrapped ? checkpoint([input], (own = input) => [block(own)])[0] ?? input : block(input);
      return { slope: gradients(y.square().sum(), [layer.inner.weight.tensor])[0] };
    });
    /** Arrays [8, 64] that the outermost graph makes and more than one operation reads. */
    const sharedHidden = (wrapped: boolean): number => {
      const nodes = topologicalOrder(build(wrapped).fetches.map(({ tensor }) => tensor));
      return nodes.filter((node) => node.types.some(({ shape }) => shape.join() === "8,64")
        && nodes.filter(({ inputs }) => inputs.some((tensor) => tensor.node === node)).length > 1).length;
    };
    expect(sharedHidden(false)).toBeGreaterThan(0);
    expect(sharedHidden(true)).toBe(0);
    expect(topologicalOrder(build(true).fetches.map(({ tensor }) => tensor)).filter((node) => isNode(node, "scan"))).toHaveLength(1);
  });
});
