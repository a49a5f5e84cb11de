import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { describeStrangers, digestOf } from "./same-weights.ts";

it("weights are told apart by a digest, also those of more than 2 GiB", () => {
  const weights = Float32Array.from({ length: 100 }, (_, at) => at);
  expect(digestOf(weights)).toBe(createHash("sha1").update(weights).digest().readUIntBE(0, 6));
  const many = new Float32Array(2 ** 29 + 1); // of which the system keeps nothing until it is written to
  const zeros = digestOf(many);
  many[2 ** 29] = 1;
  expect(digestOf(many)).not.toBe(zeros);
}, 60_000);

it.each([
  ["all alike, on two devices each", [1, 2, 1, 2, 1, 2], 2, undefined],
  ["the first of three", [9, 2, 1, 2, 1, 2], 2, "the weights of rank 0 are no longer those of ranks 2 and 4 with the same stages: computed wrongly"],
  ["the second device's last", [1, 2, 1, 2, 1, 9], 2, "the weights of rank 5 are no longer those of ranks 1 and 3 with the same stages: computed wrongly"],
  ["one of two, of which none knows which", [1, 2, 1, 9], 2, "the weights of ranks 1 and 3, which have the same stages, are no longer alike: one of them computes wrongly"],
  ["two of five", [7, 1, 1, 8, 1], 1, "the weights of ranks 0 and 3 are no longer those of ranks 1, 2 and 4 with the same stages: computed wrongly"],
] as const)("replicas that went apart are named: %s", (_, digests, devices, sentence) => {
  expect(describeStrangers(digests, devices)).toBe(sentence);
});
