import { describe, expect, test } from "vitest";
import type { Question } from "../../data/questions.ts";
import { tinyGpt, tinyLstm, withWeights } from "../../decode/language/fixtures/tiny-text-model.ts";
import type { TextModel } from "../../decode/language/generator.ts";
import { LanguageDecoder } from "../../decode/language/language-decoder.ts";
import type { TextVocabulary } from "../../decode/language/vocabulary.ts";
import { onnx } from "../../engines/onnx/engine.ts";
import { choiceQuality } from "./evaluate-choices.ts";
import { scoreChoices } from "./score-choices.ts";

const engine = onnx({ threads: 1 });

function question(prompt: string, ...choices: string[]): Question {
  return { prompt, choices, answer: 0, place: `"${prompt}"` };
}

/** log p of each token after the first `given`, as the generator's step by step reading has it. */
async function stepwise({ model, parameters }: TextModel, tokens: readonly number[], given: number): Promise<number> {
  const decoder = LanguageDecoder.create(model, parameters, engine);
  const memory = decoder.remember(1, tokens.length);
  let sum = 0;
  for (const [at, token] of tokens.entries()) {
    const { logProbabilities } = await decoder.distribution(memory, { tokens: Int32Array.of(token) });
    const next = tokens[at + 1];
    if (at + 1 >= given && next !== undefined) sum += logProbabilities.data[next] ?? NaN;
  }
  await decoder.dispose();
  return sum;
}

describe.each([["a GPT", tinyGpt], ["an LSTM", tinyLstm]])("%s", (_name, make) => {
  const source = make("abcde ");
  const ids = (text: string): number[] => [...source.tokenizer.encode(text)];

  test("scores what follows the prompt as it would write it, whatever else is in the batch", async () => {
    const questions = [question("abc", "de", "a", "bbbb"), question("e", "ca", " ca"), question("ab ", "c", "dd")];
    const scores = await scoreChoices(source, questions, engine, { batch: 3 });
    // A blank goes between, once.
    const texts = [["abc de", "abc a", "abc bbbb"], ["e ca", "e ca"], ["ab c", "ab dd"]];
    for (const [at, own] of texts.entries()) {
      const given = (questions[at]?.prompt ?? "").trimEnd().length;
      for (const [choice, text] of own.entries()) {
        expect(scores[at]?.given[choice]).toBeCloseTo(await stepwise(source, ids(text), given), 4);
      }
      expect(scores[at]?.leftOut).toBe(0);
    }
  });

  test("scores choices alone, as texts that begin with them", async () => {
    const [scores] = await scoreChoices(source, [question("abc", "de", "a"), question("dd", "de", "b")], engine, { alone: true });
    for (const [choice, text] of [" de", " a"].entries()) {
      expect(scores?.alone?.[choice]).toBeCloseTo(await stepwise(source, [0, ...ids(text)], 1), 4); // 0 ends texts
    }
    expect((await scoreChoices(source, [question("", "de", "a")], engine))[0]?.given[1]).toBeCloseTo(await stepwise(source, [0, ...ids("a")], 1), 4);
  });

  test("puts what it is told between prompt and choice", async () => {
    const [scores] = await scoreChoices(source, [question("abc", "de", "a")], engine, { delimiter: "" });
    expect(scores?.given[0]).toBeCloseTo(await stepwise(source, ids("abcde"), 3), 4);
  });

  test("begins as all of the model's texts do", async () => {
    const [scores] = await scoreChoices({ ...source, beginning: [0, 0] }, [question("abc", "de", "a")], engine);
    expect(scores?.given[0]).toBeCloseTo(await stepwise(source, [0, 0, ...ids("abc de")], 5), 4);
  });
});

test("a prompt beyond the context loses its beginning, and a choice beyond it is refused", async () => {
  const source = tinyGpt("abcde ", { context: 8 });
  const prompt = "abcdeabcde";
  const [scores] = await scoreChoices(source, [question(prompt, "ab", "c")], engine);
  // Nine tokens: the last is only predicted.
  expect(scores?.given[0]).toBeCloseTo(await stepwise(source, [...source.tokenizer.encode("eabcde ab")], 6), 4);
  expect(scores?.leftOut).toBe(4);
  await scoreChoices(source, [question(prompt, "abcabca", "b")], engine);
  await expect(scoreChoices(source, [question(prompt, "b", "abcabcab")], engine)).rejects.toThrow(/choice 2 has 9 tokens, but the model can look at 8/);
});

describe("tokens of several letters", () => {
  /** "ab" is one token where it can be, and "_" none. */
  const merging: TextVocabulary = {
    size: 4,
    encode: (text) => Int32Array.from(text.match(/ab|a|b/g) ?? [], (piece) => ["", "a", "b", "ab"].indexOf(piece)),
    decode: (given) => Array.from(given, (id) => ["", "a", "b", "ab"][id]).join(""),
    token: (id) => ["", "a", "b", "ab"][id] ?? "",
  };
  const source = withWeights(tinyGpt("abc").model, merging);

  test("that span the boundary: all choices are given what precedes it", async () => {
    const [scores] = await scoreChoices(source, [question("ba", "b", "a")], engine, { delimiter: "" });
    expect(scores?.given[0]).toBeCloseTo(await stepwise(source, [2, 3], 1), 4); // b, ab
    expect(scores?.given[1]).toBeCloseTo(await stepwise(source, [2, 1, 1], 1), 4); // b, a, a
  });

  test("a choice without any is refused", async () => {
    await expect(scoreChoices(source, [question("ba", "b", "_")], engine)).rejects.toThrow(/"ba": choice 2 has no token/);
  });

  test("a text that nothing precedes is refused where the model has no token for its beginning", async () => {
    await expect(scoreChoices({ ...source, ends: [] }, [question("", "b", "a")], engine)).rejects.toThrow(/nothing stands before the choice/);
  });
});

test("quality: the likeliest, the likeliest a byte, and the one that the prompt helps most", () => {
  const ask = (answer: number, ...choices: string[]): Question => ({ prompt: "", choices, answer, place: "" });
  const questions = [ask(0, "a", "bbbb"), ask(1, "a", "bbbb"), ask(1, "ä", "bbb"), ask(2, "a", "b", "c", "d")];
  const quality = choiceQuality(questions, [
    { given: [-2, -4], alone: [-3, -3], leftOut: 0 }, // -2, -1 a byte; +1, -1
    { given: [-2, -4], alone: [-1, -4], leftOut: 3 }, // the same; -1, 0
    { given: [-2, -2.4], alone: [-2, -9], leftOut: 2 }, // -1, -0.8 a byte (a character: -2, -0.8); 0, 6.6
    { given: [-1, -1, -1, -1], alone: [-1, -1, -2, -1], leftOut: 0 }, // equal: the first
  ]);
  expect(quality).toMatchObject({ acc: 1 / 4, acc_norm: 2 / 4, acc_mutual_info: 4 / 4, questions: 4, shortened: 2, leftOut: 5 });
  expect(quality.chance).toBeCloseTo((3 / 2 + 1 / 4) / 4, 12);
  expect(quality.intervals.acc.lower).toBeLessThan(1 / 4);
  expect(quality.intervals.acc_norm.upper).toBeGreaterThan(2 / 4);
});
