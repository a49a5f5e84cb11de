import { describe, expect, test } from "vitest";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import { SequenceDecoder } from "./decoder.ts";
import { lossLogProbabilities, nextProbabilities } from "./fixtures/oracle.ts";
import { tinyBatch, tinyMember } from "./fixtures/tiny-model.ts";
import { scoreBatch } from "./score.ts";

const SOURCE = [4, 8, 5];
const TARGETS = [[5, 4, 6, 6, 1], [], [4], [6, 5, 5]];

describe.each([reference(), onnx({ threads: 1 })])("forced scores on $name", (engine) => {
  test.each(["none", "dot", "general", "additive"] as const)("with attention %s are those of the training loss", async (attention) => {
    const member = tinyMember(31, { attention });
    const decoder = await SequenceDecoder.create([member], engine);
    const scores = await scoreBatch(decoder, tinyBatch(TARGETS.map(() => SOURCE), TARGETS));
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
    const [score] = await scoreBatch(decoder, tinyBatch([SOURCE], [[5, 4]]));
    for (const [place, [prefix, token]] of ([[[], 5], [[5], 4], [[5, 4], 3]] as const).entries()) {
      const each = await Promise.all(members.map((member) => nextProbabilities(member, SOURCE, prefix)));
      const mean = each.reduce((sum, probabilities) => sum + (probabilities[token] ?? 0), 0) / 2;
      expect(score?.tokenLogProbabilities[place]).toBeCloseTo(Math.log(mean), 5);
    }
    await decoder.dispose();
  });
});
