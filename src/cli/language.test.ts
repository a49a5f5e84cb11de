/** A language model from the command line: trained, judged, used. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { lastLine, toyPairs, Workplace } from "./fixtures/command-line.ts";

let place: Workplace;
let run: string;

beforeAll(async () => {
  place = await Workplace.create();
  await place.write("toy.txt", toyPairs(400).map(({ source }) => `${source}\n`).join(""));
  await place.write("language.json", JSON.stringify({
    name: "language", directory: place.path("runs"),
    data: { kind: "text", files: ["toy.txt"], validation: 0.1 }, tokenizer: { kind: "word" },
    model: { kind: "gpt", layers: 1, dimension: 16, heads: 2, context: 16 },
    training: { steps: 30, batch: { sequences: 8 }, optimizer: { kind: "adamw", learningRate: 0.01 }, logEvery: 10 },
    engine: { kind: "onnx", threads: 1 },
  }));
  run = place.run("language");
});

afterAll(() => place.remove());

test("pretrain trains what a file describes, and shows what the model writes", async () => {
  const { code, out, err } = await place.decade("pretrain", place.path("language.json"), "--json");
  expect(code, err).toBe(0);
  expect(err).toMatch(/training tokens, .* validation tokens, 30 steps/);
  const result = lastLine(out) as { step: number; samples: string[] };
  expect(result.step).toBe(30);
  expect(result.samples).toHaveLength(3);
});

test("evaluate judges it on what was held out, and on a file", async () => {
  const held = lastLine((await place.decade("evaluate", run, "--json")).out) as { loss: number; perplexity: number; bitsPerByte: number; tokens: number };
  expect(held.perplexity).toBeCloseTo(Math.exp(held.loss), 6);
  expect(held.loss).toBeLessThan(Math.log(16)); // better than evenly among twelve words and four special tokens
  const other = lastLine((await place.decade("evaluate", run, "--text", await place.write("other.txt", "the cat eats an apple"), "--json")).out) as typeof held;
  expect(other.tokens).toBe(5);
  expect(other.bitsPerByte).toBeCloseTo((5 * other.loss) / Math.LN2 / 21, 6);
});

test("inspect counts it, and generate continues a text", async () => {
  const counted = lastLine((await place.decade("inspect", run, "--json")).out) as { parameters: number };
  expect(lastLine((await place.decade("inspect", place.path("language.json"), "--json")).out)).toMatchObject(counted);
  const { out, code } = await place.decade("generate", run, "the cat", "--greedy", "--max-tokens", "5", "--json");
  expect(code).toBe(0);
  expect((lastLine(out) as { tokens: number[] }).tokens.length).toBeLessThanOrEqual(5);
});

test("what was made for the other kind of model says so", async () => {
  expect(await place.decade("translate", run, place.path("toy.en"))).toMatchObject({ code: 1, err: expect.stringMatching(/is a language model/) as string });
  expect(await place.decade("pretrain", place.path("toy.json"))).toMatchObject({ code: 1, err: expect.stringMatching(/a model of pairs, not of text/) as string });
  expect(await place.decade("evaluate", run, "--text", await place.write("empty.txt", ""))).toMatchObject({ code: 1 });
});
