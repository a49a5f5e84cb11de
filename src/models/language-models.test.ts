import { describe, expect, test } from "vitest";
import { requireAgreement } from "../engines/conformance.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import type { StateStore } from "../engines/state-store.ts";
import { gradients } from "../graph/gradients.ts";
import { mix32 } from "../graph/ops/random.ts";
import { int32, type Results } from "../graph/program.ts";
import { constant, stack } from "../graph/tensor.ts";
import { logSoftmax } from "../nn/activation.ts";
import { requireTrueSlopes } from "../nn/fixtures/layer-checks.ts";
import { Gpt, type GptOptions } from "./gpt.ts";
import type { LanguageModel } from "./language-model.ts";
import { LstmLm } from "./lstm-lm.ts";

const GPT: GptOptions = {
  vocabulary: 7, context: 6, layers: 2, dimension: 8, heads: 2, keyValueHeads: 2, feedForward: 12, activation: "gelu-tanh",
  normalization: "layer", epsilon: 1e-5, positions: "learned", rotaryBase: 10_000, dropout: 0, bias: true, tiedEmbeddings: true,
};
const LLAMA: Partial<GptOptions> = { keyValueHeads: 1, activation: "swiglu", normalization: "rms", positions: "rotary", bias: false, tiedEmbeddings: false };
const LSTM = { vocabulary: 7, layers: 2, hidden: 5, embedding: 4, dropout: 0, tiedEmbeddings: false, forgetBias: 0, range: 0.5 };

const MODELS: Readonly<Record<string, (options?: { dropout?: number }) => LanguageModel>> = {
  "GPT-2's form": (options) => new Gpt({ ...GPT, ...options }).seed(1),
  "Llama's form": (options) => new Gpt({ ...GPT, ...LLAMA, ...options }).seed(1),
  "recurrent": (options) => new LstmLm({ ...LSTM, ...options }).seed(1),
};

const TEXT = [3, 1, 4, 1, 5, 6];
const OPTIONS = { labelSmoothing: 0, zLoss: 0, seed: undefined };

/** Weights large enough that distributions are far from even. */
function stateOf(model: LanguageModel): StateStore {
  const state = reference().createState();
  for (const parameter of model.parameters()) {
    state.declare(parameter);
    state.write(parameter.name, Array.from({ length: parameter.size }, (_, at) => mix32(mix32(at) + parameter.size) / 2 ** 31 - 1));
  }
  return state;
}

/** log p of each next token of TEXT, read at once without a loss: [5]. */
async function likelihoods(model: LanguageModel, state: StateStore, text: readonly number[] = TEXT): Promise<number[]> {
  const program = await reference().compile({}, () => {
    const { logits } = model.read(constant([...text], "int32", [1, text.length]), model.start(1, constant([0], "int32")));
    return { logs: logSoftmax(logits) };
  }, { state });
  const { data, shape } = (await program.run({})).logs;
  return text.slice(1).map((token, at) => data[at * (shape[2] ?? 0) + token] ?? NaN);
}

describe.each(Object.entries(MODELS))("%s", (_name, make) => {
  test("has the loss that its distributions say at the judged places, in padded rows and within a row", async () => {
    const model = make();
    const state = stateOf(model);
    const logs = await likelihoods(model, state);
    const program = await reference().compile({ tokens: int32("batch", 5), targets: int32("batch", 5), judged: int32("batch", 5) }, (batch) => ({ ...model.loss(batch, OPTIONS) }), { state });
    const rows = {
      tokens: [...TEXT.slice(0, 5), ...TEXT.slice(0, 3), 0, 0, ...TEXT.slice(0, 5)], targets: [...TEXT.slice(1), ...TEXT.slice(1, 4), 0, 0, ...TEXT.slice(1)],
      judged: [1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0],
    };
    const found = await program.run({
      tokens: { data: Int32Array.from(rows.tokens), shape: [3, 5] }, targets: { data: Int32Array.from(rows.targets), shape: [3, 5] },
      judged: { data: Int32Array.from(rows.judged), shape: [3, 5] },
    });
    const expected = [logs, logs.slice(0, 3), logs.slice(2, 4)].map((judged) => -judged.reduce((sum, log) => sum + log, 0));
    expected.forEach((nats, row) => expect(found["negativeLogLikelihoods"]?.data[row]).toBeCloseTo(nats, 9));
    expect(found["loss"]?.data[0]).toBeCloseTo(expected.reduce((sum, nats) => sum + nats, 0), 9);
  });

  test("reads piece by piece, behind padding, what it reads at once", async () => {
    const model = make();
    const state = stateOf(model);
    const expected = await likelihoods(model, state);
    const program = await reference().compile({}, () => {
      const tokens = constant([0, 0, ...TEXT], "int32", [1, 8]); // two places of padding
      const first = model.read(tokens.slice(1, 0, 4), model.start(1, constant([2], "int32")));
      const second = model.read(tokens.slice(1, 4, 5), first.carried);
      const third = model.read(tokens.slice(1, 5, 8), second.carried);
      return { logs: logSoftmax(stack([first.logits.slice(1, 2, 3), first.logits.slice(1, 3, 4), second.logits, third.logits.slice(1, 0, 1), third.logits.slice(1, 1, 2)])) };
    }, { state });
    const { data } = (await program.run({})).logs;
    TEXT.slice(1).forEach((token, at) => expect(data[7 * at + token]).toBeCloseTo(expected[at] ?? NaN, 9));
  });

  test("does not look ahead: what comes later changes nothing earlier", async () => {
    const model = make();
    const state = stateOf(model);
    const [before, after] = [await likelihoods(model, state), await likelihoods(model, state, [...TEXT.slice(0, 4), 2, 2])];
    expect(after.slice(0, 3)).toEqual(before.slice(0, 3));
    expect(after[3]).not.toBe(before[3]);
  });

  test("is on onnx as on the reference, with derivatives", async () => {
    const model = make({ dropout: 0.3 });
    const rows = { dim: "batch", sizes: [1, 3] as const };
    const time = { dim: "time", sizes: [4, 1] as const };
    const token = (uniform: number) => Math.floor(7 * uniform);
    await requireAgreement(onnx({ threads: 1 }), reference(), {
      seed: 1,
      feeds: {
        tokens: { dtype: "int32", axes: [rows, time], value: token }, targets: { dtype: "int32", axes: [rows, time], value: token },
        judged: { dtype: "int32", axes: [rows, time], value: (uniform) => Math.floor(2 * uniform) }, draw: { dtype: "int32", axes: [], value: () => 7 },
      },
      build: ({ tokens, targets, judged, draw }): Results => {
        if (!tokens || !targets || !judged || !draw) throw new Error("A batch has three arrays.");
        const { loss, negativeLogLikelihoods } = model.loss({ tokens, targets, judged }, { labelSmoothing: 0.1, zLoss: 0.01, seed: draw });
        const slopes = gradients(loss, model.parameters().map(({ tensor }) => tensor));
        return { loss, negativeLogLikelihoods, ...Object.fromEntries(slopes.map((slope, at) => [`slope${at}`, slope])) };
      },
    });
  });

  test("has the derivatives of central differences", async () => {
    const model = make();
    const matrix = (tokens: readonly number[]) => constant([...tokens], "int32", [2, 2]);
    await requireTrueSlopes(model.parameters(), () => [model.loss({ tokens: matrix([3, 1, 4, 1]), targets: matrix([1, 4, 1, 5]), judged: matrix([1, 1, 1, 0]) }, OPTIONS).loss]);
  });
});

test.each([["learned", GPT], ["rotary", { ...GPT, ...LLAMA }]])("documents in one row know nothing of each other, with %s positions", async (_name, options) => {
  const model = new Gpt(options).seed(1);
  const state = stateOf(model);
  const loss = async (tokens: readonly number[], targets: readonly number[], documents: readonly number[], positions: readonly number[]): Promise<number> => {
    const row = (values: readonly number[]) => constant([...values], "int32", [1, values.length]);
    const program = await reference().compile({}, () => ({
      ...model.loss({ tokens: row(tokens), targets: row(targets), documents: row(documents), positions: row(positions), judged: row(tokens.map(() => 1)) }, OPTIONS),
    }), { state });
    return Number((await program.run({}))["loss"]?.data[0]);
  };
  const together = await loss([3, 1, 4, 1, 5], [1, 4, 1, 5, 6], [0, 0, 1, 1, 1], [0, 1, 0, 1, 2]);
  const alone = await loss([3, 1], [1, 4], [0, 0], [0, 1]) + await loss([4, 1, 5], [1, 5, 6], [0, 0, 0], [0, 1, 2]);
  expect(together).toBeCloseTo(alone, 9);
});

test("a recurrent model goes on where the batch before ended, and anew where it does not", async () => {
  const model = new LstmLm(LSTM).seed(1);
  const state = stateOf(model);
  const whole = -(await likelihoods(model, state)).reduce((sum, log) => sum + log, 0);
  const program = await reference().compile({ tokens: int32(1, "time"), targets: int32(1, "time"), judged: int32(1, "time"), continued: int32() }, ({ continued, ...batch }) => {
    const { loss, updates = [] } = model.loss({ ...batch, carry: { name: "carried", continued } }, OPTIONS);
    return { loss, updates };
  }, { state });
  const run = async (from: number, to: number, continued: number): Promise<number> => {
    const row = (values: readonly number[]) => ({ data: Int32Array.from(values), shape: [1, values.length] });
    const { loss } = await program.run({
      tokens: row(TEXT.slice(from, to)), targets: row(TEXT.slice(from + 1, to + 1)), judged: row(TEXT.slice(from, to).map(() => 1)),
      continued: { data: Int32Array.of(continued), shape: [] },
    });
    return Number(loss.data[0]);
  };
  const first = await run(0, 2, 0);
  const rest = await run(2, 5, 1);
  expect(first + rest).toBeCloseTo(whole, 9);
  expect(await run(0, 2, 0)).toBeCloseTo(first, 12);
  expect(await run(2, 5, 0)).not.toBeCloseTo(rest, 3);
});
