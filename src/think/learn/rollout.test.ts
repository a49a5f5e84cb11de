import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tinyGpt } from "../../decode/language/fixtures/tiny-text-model.ts";
import { Generator } from "../../decode/language/generator.ts";
import { onnx } from "../../engines/onnx/engine.ts";
import type { Problem, Task } from "../tasks/task.ts";
import { Verifier } from "../verify/verdict.ts";
import { hasVariance } from "./advantages.ts";
import { RolloutBatches, type RolloutBatchesParts } from "./rollout-batches.ts";
import { drawRollout, type Explorer, type RewardedSample, type RolloutOptions } from "./rollout.ts";

const model = tinyGpt();

/** Of each prompt of two letters: right is what contains the first. Prompts that begin with a space accept everything. */
const task: Task<string> = {
  name: "letters", instruction: "", length: 4, verifiedBy: "question",
  problems: async (_split, { seed, count }) => Array.from({ length: count }, (_, at): Problem<string> => {
    const letters = "abcde ".charAt((seed + at) % 6) + "abcde".charAt(Math.floor(seed / 7) % 5);
    return { key: letters, prompt: letters, data: letters.charAt(0) };
  }),
  solution: ({ data }) => data,
  parse: (text) => text,
  verify: ({ data }, answer) => data === " " || answer.includes(data),
};

let explorer: Explorer;
beforeAll(() => {
  const generator = Generator.create(model, onnx({ threads: 1 }));
  explorer = { task, verifier: new Verifier(task), generator, tokenizer: model.tokenizer, context: model.model.context, maxTokens: 5 };
});
afterAll(() => explorer.generator.dispose());

const OPTIONS: RolloutOptions = { problems: 6, samples: 4, temperature: 1, advantages: "centered", dynamicSampling: true, rounds: 4, seed: 5 };

const groupsOf = (samples: readonly RewardedSample[]) => Array.from({ length: samples.length / OPTIONS.samples }, (_, at) => (
  samples.slice(at * OPTIONS.samples, (at + 1) * OPTIONS.samples).map(({ advantage }) => advantage)));

describe("a rollout", () => {
  test("has the attempts that the generator draws, each rewarded by the verifier within its group", async () => {
    const { samples, figures } = await drawRollout(explorer, 3, { ...OPTIONS, dynamicSampling: false });
    expect(samples).toHaveLength(24);
    const texts = samples.map(({ tokens, promptLength }) => [tokens.slice(0, promptLength), tokens.slice(promptLength)].map((part) => model.tokenizer.decode(part)));
    const rewards = texts.map(([prompt = "", text = ""]) => Number(task.verify({ key: "", prompt, data: prompt.charAt(0) }, text)));
    groupsOf(samples).forEach((advantages, group) => {
      const own = rewards.slice(4 * group, 4 * group + 4);
      const mean = own.reduce((sum, reward) => sum + reward, 0) / 4;
      advantages.forEach((advantage, at) => expect(advantage).toBeCloseTo((own[at] ?? NaN) - mean, 12));
    });
    expect(figures["reward"]).toBeCloseTo(rewards.reduce((sum, reward) => sum + reward, 0) / 24, 12);
    expect(figures["length"]).toBeCloseTo(samples.reduce((sum, { tokens, promptLength }) => sum + tokens.length - promptLength, 0) / 24, 12);
    expect(figures).toMatchObject({ drawn: 24, withoutVariance: groupsOf(samples).filter((group) => !hasVariance(group)).length / 6 });
  });

  test("follows from its number and the seed", async () => {
    expect(await drawRollout(explorer, 3, OPTIONS)).toEqual(await drawRollout(explorer, 3, OPTIONS));
    expect((await drawRollout(explorer, 4, OPTIONS)).samples).not.toEqual((await drawRollout(explorer, 3, OPTIONS)).samples);
  });

  test("with dynamic sampling draws further problems for groups that teach nothing, and is filled up with these at the end", async () => {
    const plain = await drawRollout(explorer, 3, { ...OPTIONS, dynamicSampling: false });
    expect(plain.figures["withoutVariance"]).toBeGreaterThan(0);
    const dynamic = await drawRollout(explorer, 3, { ...OPTIONS, rounds: 20 });
    expect(groupsOf(dynamic.samples).filter((group) => !hasVariance(group))).toEqual([]);
    expect(dynamic.samples).toHaveLength(24);
    expect(dynamic.figures["drawn"]).toBeGreaterThan(24);
    const cut = await drawRollout(explorer, 3, { ...OPTIONS, rounds: 1 });
    expect(cut.samples).toHaveLength(24);
    expect(cut.figures).toEqual(plain.figures);
  });

  test("says in one sentence that there are too few problems, or that one is too long", async () => {
    const few: Task<string> = { ...task, problems: async () => [] };
    await expect(drawRollout({ ...explorer, task: few }, 0, OPTIONS)).rejects.toThrow("letters has 0 training problems, fewer than the 6 of a rollout; lower training.problems.");
    await expect(drawRollout({ ...explorer, context: 2 }, 0, OPTIONS)).rejects.toThrow("A problem of letters has 2 tokens, but the model can look at 2; begin with a model of a larger context.");
  });
});

describe("what is learned from a rollout", () => {
  /** Samples of one prompt token and 1 to 8 of the model's. */
  const samples = Array.from({ length: 8 }, (_, at): RewardedSample => ({ tokens: Int32Array.from({ length: at + 2 }, (_unused, place) => 10 * (at + 1) + place), promptLength: 1, advantage: at }));
  const training = { problems: 4, samples: 2, epochs: 2, minibatches: 2, batch: { sequences: 3 }, normalize: "tokens" } as const;
  const parts: RolloutBatchesParts = { training, maxTokens: 10, seed: 1, draw: async () => ({ samples, figures: { reward: 0.5 } }), old: undefined, reference: undefined };
  const batchesOf = async (rollouts: RolloutBatches) => {
    const batches = [];
    for (let index = 0; index < rollouts.batchesInEpoch(); index++) batches.push(await rollouts.batch(0, index));
    return batches;
  };

  test("is every sample once in each pass, in as many steps and batches as were asked for", async () => {
    const rollouts = new RolloutBatches(parts);
    expect(rollouts.batchesInEpoch()).toBe(2 * 2 * 2); // passes, steps of four samples, batches of two
    const batches = await batchesOf(rollouts);
    expect(rollouts.isOver).toBe(true);
    const advantages = batches.map(({ feeds }) => Array.from(feeds["advantages"]?.data ?? []));
    for (const pass of [advantages.slice(0, 4), advantages.slice(4)]) expect(pass.flat().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(advantages.slice(0, 4)).not.toEqual(advantages.slice(4));
    await expect(rollouts.batch(0, 1)).rejects.toThrow("as a whole, in order");
  });

  test("is each token with the one after it, and counts the model's own alone", async () => {
    for (const { feeds, targetTokens, tokens } of await batchesOf(new RolloutBatches(parts))) {
      const [rows = 0, time = 0] = feeds["tokens"]?.shape ?? [];
      const row = (name: string, at: number) => Array.from(feeds[name]?.data.subarray(at * time, (at + 1) * time) ?? []);
      let counted = 0;
      for (let at = 0; at < rows; at++) {
        const sample = samples[Number(feeds["advantages"]?.data[at])];
        const length = (sample?.tokens.length ?? 0) - 1;
        expect(row("tokens", at).slice(0, length)).toEqual(Array.from(sample?.tokens.slice(0, -1) ?? []));
        expect(row("targets", at).slice(0, length)).toEqual(Array.from(sample?.tokens.slice(1) ?? []));
        expect(row("weights", at)).toEqual(row("weights", at).map((_, place) => Number(place < length)));
        counted += length;
      }
      expect([targetTokens, tokens]).toEqual([counted, counted]);
    }
  });

  test.each([["samples", () => 1], ["constant", (length: number) => length / 10]] as const)("by %s, the weights of a step divided by its tokens are 1/N of each sample's share", async (normalize, share) => {
    const batches = await batchesOf(new RolloutBatches({ ...parts, training: { ...training, normalize } }));
    for (let step = 0; step < 4; step++) {
      const both = batches.slice(2 * step, 2 * step + 2);
      const tokens = both.reduce((sum, { targetTokens }) => sum + targetTokens, 0);
      for (const { feeds } of both) {
        const [rows = 0, time = 0] = feeds["weights"]?.shape ?? [];
        for (let at = 0; at < rows; at++) {
          const own = Array.from<number>(feeds["weights"]?.data ?? []).slice(at * time, (at + 1) * time);
          const sum = own.reduce((total, weight) => total + weight, 0);
          expect(sum / tokens).toBeCloseTo(share(Number(feeds["advantages"]?.data[at]) + 1) / 4, 6);
        }
      }
    }
  });

  test("has log-probabilities of other weights at the places of the tokens they are of", async () => {
    // −log p of a token is the token itself.
    const score: RolloutBatchesParts["old"] = async (_tokens, targets) => Float32Array.from(targets.data);
    for (const { feeds } of await batchesOf(new RolloutBatches({ ...parts, old: score, reference: score }))) {
      const [old, near, targets, weights] = ["old", "reference", "targets", "weights"].map((name) => Array.from<number>(feeds[name]?.data ?? []));
      const expected = targets?.map((target, at) => (weights?.[at] === 1 ? -target : 0));
      expect(old?.map((value) => value + 0)).toEqual(expected?.map((value) => value + 0));
      expect(near).toEqual(old);
    }
  });
});
