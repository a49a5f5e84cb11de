import { expect, test } from "vitest";
import { reference } from "../engines/reference/engine.ts";
import { constant } from "../graph/tensor.ts";
import { mix32 } from "../graph/ops/random.ts";
import { Gpt } from "./gpt.ts";
import type { LanguageModel } from "./language-model.ts";
import { LstmLm } from "./lstm-lm.ts";

const gpt = new Gpt({
  vocabulary: 7, context: 6, layers: 2, dimension: 8, heads: 2, keyValueHeads: 1, feedForward: 12, activation: "swiglu",
  normalization: "rms", epsilon: 1e-5, positions: "learned", rotaryBase: 10_000, dropout: 0.5, bias: true, tiedEmbeddings: false,
});
const lstm = new LstmLm({ vocabulary: 7, layers: 2, hidden: 5, embedding: 4, dropout: 0.5, tiedEmbeddings: false, forgetBias: 0, range: 0.5 });

test.each<[string, LanguageModel & { readonly outputWeight: (typeof gpt)["outputWeight"] }, (model: LanguageModel) => readonly number[] | undefined]>([
  ["a Transformer", gpt, () => undefined],
  ["a recurrent model", lstm, () => lstm.outputBias.shape],
])("what %s makes of tokens is what its logits are projected from", async (_, model, biased) => {
  model.seed(1);
  const state = reference().createState();
  for (const parameter of model.parameters()) {
    state.declare(parameter);
    state.write(parameter.name, Array.from({ length: parameter.size }, (_unused, at) => mix32(mix32(at) + parameter.size) / 2 ** 31 - 1));
  }
  const tokens = constant([3, 1, 4, 1, 5, 6], "int32", [2, 3]);
  const program = await reference().compile({}, () => {
    const hidden = model.hidden(tokens);
    const projected = hidden.matmul(model.outputWeight.tensor.transpose());
    return { hidden, projected: biased(model) === undefined ? projected : projected.add(lstm.outputBias.tensor), logits: model.read(tokens, model.start(2, constant([0, 0], "int32"))).logits };
  }, { state });
  const { hidden, projected, logits } = await program.run({});
  expect(hidden.shape).toEqual([2, 3, model.features]);
  projected.data.forEach((value, at) => expect(value).toBeCloseTo(logits.data[at] ?? NaN, 9));
});
