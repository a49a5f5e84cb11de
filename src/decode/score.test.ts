import { fc, it as property } from "@fast-check/vitest";
import { describe, expect, test, vi } from "vitest";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import { SequenceDecoder } from "./decoder.ts";
import { lossLogProbabilities, nextProbabilities } from "./fixtures/oracle.ts";
import { tinyBatch, tinyMember, tinyTransformer } from "./fixtures/tiny-model.ts";
import { scoreBatch } from "./score.ts";

const SOURCE = [4, 8, 5];
const TARGETS = [[5, 4, 6, 6, 1], [], [4], [6, 5, 5]];

describe.each([reference(), onnx({ threads: 1 })])("forced scores on $name", (engine) => {
  test.each(["none", "dot", "general", "additive"] as const)("with attention %s are those of the training loss", async (attention) => {
    const member = tinyMember(31, { attention });
    const decoder = await SequenceDecoder.create([member], engine);
    const [scores = []] = await scoreBatch(decoder, { ...tinyBatch([SOURCE]), targets: [TARGETS] });
    const expected = await lossLogProbabilities(member, SOURCE, TARGETS);
    scores.forEach(({ logProbability, tokenLogProbabilities }, at) => {
      expect(logProbability).toBeCloseTo(expected[at] ?? NaN, 4);
      expect(tokenLogProbabilities).toHaveLength((TARGETS[at]?.length ?? 0) + 1);
      expect(tokenLogProbabilities.reduce((sum, value) => sum + value, 0)).toBeCloseTo(logProbability, 5);
    });
    await decoder.dispose();
  });

  test("of an ensemble are of the mean distribution token by token", async () => {
    const members = [tinyMember(1, { attention: "dot" }), tinyMember(2)];
    const decoder = await SequenceDecoder.create(members, engine);
    const [[score] = []] = await scoreBatch(decoder, { ...tinyBatch([SOURCE]), targets: [[[5, 4]]] });
    for (const [place, [prefix, token]] of ([[[], 5], [[5], 4], [[5, 4], 3]] as const).entries()) {
      const each = await Promise.all(members.map((member) => nextProbabilities(member, SOURCE, prefix)));
      const mean = each.reduce((sum, probabilities) => sum + (probabilities[token] ?? 0), 0) / 2;
      expect(score?.tokenLogProbabilities[place]).toBeCloseTo(Math.log(mean), 5);
    }
    await decoder.dispose();
  });
});

describe.each([
  ["an LSTM with attention", tinyMember(5, { attention: "general", inputFeeding: true, bidirectional: true })],
  ["an LSTM without", tinyMember(6, { decoderLayers: 2, encoderLayers: 2 })],
  ["a Transformer", tinyTransformer(7)],
])("targets of %s", (_name, member) => {
  const ids = (last: number) => fc.array(fc.integer({ min: 4, max: last }), { maxLength: 4 });
  const sentence = fc.record({ source: ids(8), targets: fc.array(ids(6), { maxLength: 6 }) });

  property.prop([fc.array(sentence, { minLength: 1, maxLength: 3 })], { numRuns: 6 })(
    "that share sources and beginnings have the loss that each has alone", async (sentences) => {
      const decoder = await SequenceDecoder.create([member], onnx({ threads: 1 }));
      const scored = await scoreBatch(decoder, { ...tinyBatch(sentences.map(({ source }) => source)), targets: sentences.map(({ targets }) => targets) });
      for (const [at, { source, targets }] of sentences.entries()) {
        expect(scored[at]).toHaveLength(targets.length);
        const expected = targets.length === 0 ? [] : await lossLogProbabilities(member, source, targets);
        expected.forEach((logProbability, place) => expect(scored[at]?.[place]?.logProbability).toBeCloseTo(logProbability, 3));
      }
      await decoder.dispose();
    });

  test("are asked of the network once for each beginning that differs, and their source is read once", async () => {
    const decoder = await SequenceDecoder.create([member], onnx({ threads: 1 }));
    const asked = vi.spyOn(decoder, "likelihoods");
    const read = vi.spyOn(decoder, "encode");
    await scoreBatch(decoder, { ...tinyBatch([SOURCE]), targets: [[[4, 5], [4, 5, 6], [4, 6], [4], [4, 5]]] });
    expect(read.mock.calls.map(([source]) => source.shape[0])).toEqual([1]);
    expect(asked.mock.calls.map(([, { tokens }]) => [...tokens])).toEqual([[2], [4], [5, 6], [6]]);
    await decoder.dispose();
  });
});
