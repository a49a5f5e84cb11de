import { fc, it } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { tinyGpt, tinyLstm } from "../../decode/language/fixtures/tiny-text-model.ts";
import { Generator, type TextModel } from "../../decode/language/generator.ts";
import { storeParameters } from "../../decode/store-parameters.ts";
import type { NumericArray } from "../../engines/engine.ts";
import { reference } from "../../engines/reference/engine.ts";
import { gradients } from "../../graph/gradients.ts";
import { float32, int32 } from "../../graph/program.ts";
import { k3, policyLoss, policyTerms, type PolicyLossOptions } from "./policy-loss.ts";

const array = (rows: readonly (readonly number[])[]): NumericArray<Float32Array> => ({ data: Float32Array.from(rows.flat()), shape: [rows.length, rows[0]?.length ?? 0] });
const integers = (rows: readonly (readonly number[])[]): NumericArray<Int32Array> => ({ data: Int32Array.from(rows.flat()), shape: [rows.length, rows[0]?.length ?? 0] });

const TOKENS = 3;

/** Loss, figures and the derivative by each log-probability of one sample of three tokens. */
async function lossOf(now: readonly number[], old: readonly number[] | undefined, near: readonly number[], advantage: number, options: PolicyLossOptions, weights = [1, 1, 1]) {
  const perToken = float32(1, TOKENS);
  const program = await reference().compile({ now: perToken, old: perToken, near: perToken, weights: perToken, advantages: float32(1) }, (feeds) => {
    const { loss, figures } = policyLoss({ logProbabilities: feeds.now, entropies: feeds.now.exp() }, {
      weights: feeds.weights, advantages: feeds.advantages, old: old && feeds.old, reference: options.kl > 0 ? feeds.near : undefined,
    }, options);
    const [slopes] = gradients(loss, [feeds.now]);
    return { ...figures, loss, slopes: slopes ?? feeds.now };
  });
  const found = await program.run({
    now: array([now]), old: array([old ?? now]), near: array([near]), weights: array([weights]), advantages: { data: Float32Array.of(advantage), shape: [1] },
  });
  const numbers = Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, Number(data[0])]));
  return { loss: numbers["loss"] ?? NaN, clipFraction: numbers["clipFraction"] ?? NaN, kl: numbers["kl"], slopes: Array.from(found["slopes"]?.data ?? []) };
}

/** Equation 3 of Shao et al. 2024 for one token, as it is printed. */
function printed(now: number, old: number, near: number, advantage: number, { clip: [low, high], kl }: PolicyLossOptions): number {
  const ratio = Math.exp(now - old);
  const clipped = Math.min(Math.max(ratio, 1 - low), 1 + high);
  const divergence = Math.exp(near - now) - (near - now) - 1;
  return -(Math.min(ratio * advantage, clipped * advantage) - kl * divergence);
}

const OPTIONS = { clip: [0.2, 0.28], kl: 0.04 } as const;
const single = (value: number): number => Math.fround(value);
const logProbability = fc.integer({ min: -400, max: -1 }).map((hundredths) => single(hundredths / 100));
const three = fc.tuple(logProbability, logProbability, logProbability);
const advantage = fc.integer({ min: -30, max: 30 }).map((tenths) => single(tenths / 10));

describe("the loss", () => {
  it.prop([three, three, three, advantage], { numRuns: 30 })("is the printed equation, token by token", async (now, old, near, gain) => {
    const { loss } = await lossOf(now, old, near, gain, OPTIONS);
    const expected = now.reduce((sum, value, at) => sum + printed(value, old[at] ?? NaN, near[at] ?? NaN, gain, OPTIONS), 0);
    expect(loss).toBeCloseTo(expected, 6 - Math.max(0, Math.ceil(Math.log10(Math.abs(expected) + 1))));
  });

  it.prop([three, three, three, advantage], { numRuns: 30 })("has the derivatives that finite differences find, away from the corners", async (now, old, near, gain) => {
    const { slopes } = await lossOf(now, old, near, gain, OPTIONS);
    const step = 1e-6;
    now.forEach((value, at) => {
      const at0 = (moved: number): number => printed(moved, old[at] ?? NaN, near[at] ?? NaN, gain, OPTIONS);
      const ratio = Math.exp(value - (old[at] ?? NaN));
      if ([0.8, 1.28].some((corner) => Math.abs(ratio - corner) < 1e-4)) return;
      const expected = (at0(value + step) - at0(value - step)) / (2 * step);
      expect(Math.abs((slopes[at] ?? NaN) - expected)).toBeLessThan(1e-4 * (1 + Math.abs(expected)));
    });
  });

  test("is flat where a good token has become likelier than the clip allows, or a bad one less likely", async () => {
    const old = [-2, -2, -2];
    const near = [-2, -2, -2];
    const options = { clip: [0.2, 0.28], kl: 0 } as const;
    const ratios = [0.5, 1, 2].map((ratio) => -2 + Math.log(ratio));
    const good = await lossOf(ratios, old, near, 1, options);
    expect(good.slopes.map((slope) => slope === 0)).toEqual([false, false, true]);
    expect(good.clipFraction).toBe(1);
    const bad = await lossOf(ratios, old, near, -1, options);
    expect(bad.slopes.map((slope) => slope === 0)).toEqual([true, false, false]);
    expect(bad.loss).toBeCloseTo(0.8 + 1 + 2, 6);
  });

  test("counts what weighs nothing neither in itself nor in its figures, of whatever size it is", async () => {
    const counted = await lossOf([-1, -2, -3], [-1, -2, -3], [-1, -1, -1], 1, OPTIONS, [1, 1, 0]);
    const filled = await lossOf([-1, -2, -500], [-1, -2, 0], [-1, -1, 0], 1, OPTIONS, [1, 1, 0]);
    expect(filled).toEqual(counted);
    expect(filled.slopes[2]).toBe(0);
    expect(filled.kl).toBeCloseTo(Math.exp(1) - 1 - 1, 6);
  });
});

const distribution = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 4, maxLength: 4 }).map((parts) => {
  const total = parts.reduce((sum, part) => sum + part, 0);
  return parts.map((part) => part / total);
});

it.prop([distribution, distribution], { numRuns: 20 })("k3 is never negative, and KL(π ‖ π_ref) in the mean over what π draws", async (policy, other) => {
  const program = await reference().compile({ now: float32(1, 4), near: float32(1, 4) }, ({ now, near }) => ({ estimates: k3(now, near) }));
  const { estimates } = await program.run({ now: array([policy.map(Math.log)]), near: array([other.map(Math.log)]) });
  const mean = policy.reduce((sum, p, at) => sum + p * Number(estimates?.data[at]), 0);
  expect(mean).toBeCloseTo(policy.reduce((sum, p, at) => sum + p * Math.log(p / (other[at] ?? NaN)), 0), 5);
  for (const estimate of estimates?.data ?? []) expect(estimate).toBeGreaterThan(-1e-6);
});

describe.each<[string, () => TextModel]>([["gpt", tinyGpt], ["lstm", tinyLstm]])("of a %s", (_, make) => {
  const source = make();
  const { model } = source;
  const tokens = [[1, 2, 3, 4], [4, 3, 2, 0]];
  const targets = [[2, 3, 4, 5], [3, 2, 0, 0]];
  const weights = [[0, 1, 1, 1], [0, 1, 1, 0]];
  const gains = [1.5, -0.5];
  const feeds = { tokens: int32(2, 4), targets: int32(2, 4), weights: float32(2, 4), advantages: float32(2) };
  const fed = { tokens: integers(tokens), targets: integers(targets), weights: array(weights), advantages: { data: Float32Array.from(gains), shape: [2] } };

  test("at ratios of 1 the gradient is that of REINFORCE with the advantages as rewards: −Σ A ∇log π", async () => {
    const state = reference().createState();
    storeParameters(state, model, source.parameters);
    const parameters = model.parameters().map(({ tensor }) => tensor);
    const slopesOf = async (kind: "policy" | "reinforce") => {
      const program = await reference().compile(feeds, (batch) => {
        const terms = policyTerms(model, batch.tokens, batch.targets, 1);
        const loss = kind === "policy" ? policyLoss(terms, batch, { clip: [0.2, 0.28], kl: 0 }).loss
          : terms.logProbabilities.multiply(batch.weights).multiply(batch.advantages.expandDims(1)).sum().negate();
        return Object.fromEntries(gradients(loss, parameters).flatMap((slope, at) => (slope === undefined ? [] : [[`slope${at}`, slope]])));
      }, { state });
      return Object.values(await program.run(fed)).map(({ data }) => Array.from(data));
    };
    const [policy, reinforce] = [await slopesOf("policy"), await slopesOf("reinforce")];
    expect(policy.flat().some((slope) => slope !== 0)).toBe(true);
    policy.forEach((slopes, at) => slopes.forEach((slope, place) => expect(slope).toBeCloseTo(reinforce[at]?.[place] ?? NaN, 9)));
  });

  test("log-probabilities of drawn tokens are those that the generator tells, and at a temperature those that it draws by", async () => {
    const generator = Generator.create(source, reference());
    const prompt = "abc";
    const [[drawn] = []] = await generator.generate([prompt], { maxTokens: 6, seed: 3, alternatives: model.vocabulary });
    const details = drawn?.details ?? [];
    expect(details.length).toBeGreaterThan(1);
    const all = [...source.tokenizer.encode(prompt), ...details.map(({ token }) => token)];
    const state = reference().createState();
    storeParameters(state, model, source.parameters);
    for (const temperature of [1, 0.7]) {
      const program = await reference().compile({ tokens: int32("batch", "time"), targets: int32("batch", "time") }, (batch) => ({ ...policyTerms(model, batch.tokens, batch.targets, temperature) }), { state });
      const found = await program.run({ tokens: integers([all.slice(0, -1)]), targets: integers([all.slice(1)]) });
      details.forEach(({ logProbability, alternatives }, at) => {
        const powers = alternatives.map((each) => Math.exp(each.logProbability / temperature));
        const sum = powers.reduce((total, power) => total + power, 0);
        const place = at + prompt.length - 1;
        expect(found["logProbabilities"]?.data[place]).toBeCloseTo(logProbability / temperature - Math.log(sum), 5);
        expect(found["entropies"]?.data[place]).toBeCloseTo(powers.reduce((total, power) => total - (power / sum) * Math.log(power / sum), 0), 5);
      });
    }
  });
});
