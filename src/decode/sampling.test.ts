import { describe, expect, test } from "vitest";
import { onnx } from "../engines/onnx/engine.ts";
import { reference } from "../engines/reference/engine.ts";
import { END_ID } from "../text/special-tokens.ts";
import { beamSearch } from "./beam-search.ts";
import { SequenceDecoder } from "./decoder.ts";
import { nextProbabilities, WRITTEN } from "./fixtures/oracle.ts";
import { tinyBatch, tinyMember } from "./fixtures/tiny-model.ts";
import type { Hypothesis } from "./generation.ts";
import { sample, type SamplingOptions } from "./sampling.ts";
import { scoreBatch } from "./score.ts";

const member = tinyMember(21, { attention: "general" });
const SOURCES = [[4, 5, 6], [8], [7, 7, 4]];

async function draw(options: SamplingOptions, sources = SOURCES, engine = reference()): Promise<Hypothesis[][]> {
  const decoder = await SequenceDecoder.create([member], engine);
  const { source, sourceLengths } = tinyBatch(sources);
  const drawn = await sample(decoder, source, sourceLengths, options);
  await decoder.dispose();
  return drawn;
}

function written({ tokens, finished }: Hypothesis): string {
  return [...tokens, ...(finished ? [END_ID] : [])].join(" ");
}

/** Probabilities of all outputs of one or two tokens when padding and start tokens are left out. */
async function outputProbabilities(temperature: number, topK: number): Promise<Map<string, number>> {
  const [source = []] = SOURCES;
  const allowed = async (prefix: number[]): Promise<[number, number][]> => {
    const probabilities = await nextProbabilities(member, source, prefix);
    const powers = [END_ID, ...WRITTEN].map((token): [number, number] => [token, (probabilities[token] ?? 0) ** (1 / temperature)]);
    const kept = powers.sort(([, a], [, b]) => b - a).slice(0, topK);
    const total = kept.reduce((sum, [, power]) => sum + power, 0);
    return kept.map(([token, power]) => [token, power / total]);
  };
  const result = new Map<string, number>();
  for (const [first, p] of await allowed([])) {
    if (first === END_ID) result.set(`${first}`, p);
    else for (const [second, q] of await allowed([first])) result.set(`${first} ${second}`, p * q);
  }
  return result;
}

describe("sampling", () => {
  test.each([[1, undefined], [0.5, undefined], [2, 3]])("at temperature %f and top k %s, outputs occur as often as their probabilities say", async (temperature, topK) => {
    const draws = 4000;
    const [drawn = []] = await draw({
      seed: 5, samples: draws, temperature, ...(topK !== undefined && { topK }), maximumLength: { factor: 0, constant: 2 },
    }, SOURCES.slice(0, 1), onnx({ threads: 1 }));
    const counts = new Map<string, number>();
    drawn.forEach((hypothesis) => counts.set(written(hypothesis), (counts.get(written(hypothesis)) ?? 0) + 1));
    const expected = await outputProbabilities(temperature, topK ?? Infinity);
    expect([...counts.keys()].filter((output) => !expected.has(output))).toEqual([]);
    // Rare outputs are counted together: a χ² test wants five or more expected in each class.
    const rare = [...expected].filter(([, p]) => p * draws < 5).map(([output]) => output);
    const classes = [rare, ...[...expected.keys()].filter((output) => !rare.includes(output)).map((output) => [output])];
    const terms = classes.flatMap((outputs) => {
      const wanted = outputs.reduce((sum, output) => sum + (expected.get(output) ?? 0), 0) * draws;
      const seen = outputs.reduce((sum, output) => sum + (counts.get(output) ?? 0), 0);
      return wanted < 1 ? [] : [(seen - wanted) ** 2 / wanted];
    });
    const freedom = terms.length - 1;
    // 99.9% point by Wilson and Hilferty 1931.
    const critical = freedom * (1 - 2 / (9 * freedom) + 3.09 * Math.sqrt(2 / (9 * freedom))) ** 3;
    expect(terms.reduce((sum, term) => sum + term, 0)).toBeLessThan(critical);
  });

  test("gives the same for the same seed, in any batch and on any engine, and else for another", async () => {
    const options = { seed: 3, samples: 4, streams: [10, 11, 12] };
    const first = (await draw(options)).map((list) => list.map(written));
    expect((await draw(options, SOURCES, onnx({ threads: 1 }))).map((list) => list.map(written))).toEqual(first);
    const [alone = []] = await draw({ ...options, streams: [11] }, SOURCES.slice(1, 2));
    expect(alone.map(written)).toEqual(first[1]);
    expect((await draw({ ...options, seed: 4 })).map((list) => list.map(written))).not.toEqual(first);
  });

  test("reports the model's log-probability at temperature 1", async () => {
    const [drawn = []] = await draw({ seed: 8, samples: 20, temperature: 1.7, topK: 4, maximumLength: { factor: 0, constant: 40 } });
    const complete = drawn.filter(({ finished }) => finished);
    expect(complete.length).toBeGreaterThan(5);
    const decoder = await SequenceDecoder.create([member], reference());
    const [scores = []] = await scoreBatch(decoder, { ...tinyBatch(SOURCES.slice(0, 1)), targets: [complete.map(({ tokens }) => tokens)] });
    complete.forEach(({ logProbability }, at) => expect(scores[at]?.logProbability).toBeCloseTo(logProbability, 4));
  });

  test.each([
    [{ seed: 1, temperature: 0 }, /^The temperature is 0; give a number above 0/],
    [{ seed: 1, topK: 0 }, /^topK is 0/],
    [{ seed: 1, samples: 1.5 }, /^samples is 1.5/],
  ])("options %o are refused", async (options, message) => {
    await expect(draw(options)).rejects.toThrow(message);
  });
});

test("outputs that start with the token that ends them go on past it", async () => {
  // As of models whose only special token ends texts, and begins them.
  const decoder = await SequenceDecoder.create([member], reference(), { pad: END_ID, start: END_ID, end: END_ID });
  const { source, sourceLengths } = tinyBatch(SOURCES);
  const drawn = (await sample(decoder, source, sourceLengths, { samples: 20, seed: 1 })).flat();
  const found = (await beamSearch(decoder, source, sourceLengths, { beam: 4, nBest: 4 })).flat();
  for (const outputs of [drawn, found]) {
    expect(outputs.some(({ tokens }) => tokens.length > 0)).toBe(true);
    expect(outputs.some(({ finished }) => finished)).toBe(true);
    for (const { tokens } of outputs) expect(tokens).not.toContain(END_ID);
  }
  await decoder.dispose();
});
