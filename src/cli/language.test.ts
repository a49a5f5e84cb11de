/** A language model from the command line: trained, judged, used. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Tokenizer } from "../text/tokenizer.ts";
import { lastLine, toyPairs, Workplace } from "./fixtures/command-line.ts";
import { noteUnknown } from "./unknown-text.ts";

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

test("pretrain takes another name and number of threads, as train does", async () => {
  const args = ["--set", "training.steps=1", "--name", "other", "--threads", "2", "--json"];
  const { code, out, err } = await place.decade("pretrain", place.path("language.json"), ...args);
  expect(code, err).toBe(0);
  expect(lastLine(out)).toMatchObject({ directory: place.run("other"), step: 1 });
  expect(JSON.parse(await readFile(join(place.run("other"), "config.json"), "utf8"))).toMatchObject({ name: "other", engine: { threads: 2 } });
});

test("evaluate judges it on what was held out, and on a file", async () => {
  const held = lastLine((await place.decade("evaluate", run, "--json")).out) as { loss: number; perplexity: number; bitsPerByte: number; tokens: number };
  expect(held.perplexity).toBeCloseTo(Math.exp(held.loss), 6);
  expect(held.loss).toBeLessThan(Math.log(16)); // better than evenly among twelve words and four special tokens
  const other = lastLine((await place.decade("evaluate", run, "--text", await place.write("other.txt", "the cat eats an apple"), "--json")).out) as typeof held;
  expect(other.tokens).toBe(5);
  expect(other.bitsPerByte).toBeCloseTo((5 * other.loss) / Math.LN2 / 21, 6);
});

test("evaluate asks it questions: it chooses what it finds likelier as a text", async () => {
  const texts = ["the cat eats an apple", "water water the"];
  const losses = await Promise.all(texts.map(async (text, at) => {
    const { loss, tokens } = lastLine((await place.decade("evaluate", run, "--text", await place.write(`choice${at}.txt`, text), "--json")).out) as { loss: number; tokens: number };
    return loss * tokens;
  }));
  const likelier = losses.indexOf(Math.min(...losses));
  const long = { prompt: toyPairs(40).map(({ source }) => source).join(" "), endings: ["the cat", "the", "cat"], label: "1" };
  const lines = [{ question: "", choices: texts, answer: likelier }, { question: "", choices: texts, answer: 1 - likelier }];
  const file = await place.write("questions.jsonl", lines.map((line) => JSON.stringify(line)).join("\n"));
  expect(lastLine((await place.decade("evaluate", run, "--choices", file, "--json")).out)).toMatchObject({ questions: 2, chance: 0.5, acc: 0.5, acc_norm: 0.5 });
  const { out, err, code } = await place.decade("evaluate", run, "--choices", await place.write("long.jsonl", JSON.stringify(long)), "--mutual-information");
  expect(code, err).toBe(0);
  expect(err).toMatch(/^1 of 1 prompts are longer than the model's context: they lost \d+ tokens/m);
  expect(out).toMatch(/acc_mutual_info +\d+\.0 % {2}\(95% confidence/);
  expect(out).toMatch(/chance +33\.3 %/);
});

test("evaluate names what is wrong with questions", async () => {
  const choices = async (content: string): Promise<unknown> => place.decade("evaluate", run, "--choices", await place.write("bad.jsonl", content));
  expect(await choices("")).toMatchObject({ code: 1, err: expect.stringMatching(/^decade: .*bad\.jsonl holds no question/) as string });
  expect(await choices('{"question":"a","choices":["the","cat"],"answer":0}\n{')).toMatchObject({ code: 1, err: expect.stringMatching(/line 2 is not JSON/) as string });
  const long = Array.from({ length: 20 }, () => "the").join(" ");
  expect(await choices(JSON.stringify({ question: "a", choices: ["the", long], answer: 0 }))).toMatchObject({ code: 1, err: expect.stringMatching(/choice 2 has 20 tokens, but the model can look at 16/) as string });
  expect(await place.decade("evaluate", run, "--choices", "a", "--text", "b")).toMatchObject({ code: 2, err: expect.stringMatching(/give one/) as string });
  expect(await place.decade("evaluate", run, "--delimiter", "")).toMatchObject({ code: 2, err: expect.stringMatching(/add --choices FILE/) as string });
});

test("evaluate refuses what is about pairs only, and would be ignored", async () => {
  const text = await place.write("some.txt", "the cat eats an apple");
  const refused = async (...args: string[]): Promise<string> => {
    const { code, err } = await place.decade("evaluate", run, ...args);
    expect(code, err).toBe(2);
    return err;
  };
  expect(await refused("--data", place.path("toy.tsv"))).toContain("is a language model, which has no use for --data; leave it out");
  expect(await refused("--source", text, "--reference", text, "--lowercase", "--tokenize", "char")).toContain("has no use for --source, --reference, --lowercase, --tokenize; leave them out");
  expect(await refused("--text", text, "--figures", place.path("drawn"), "--ensemble", run)).toContain("--text has no use for --figures, --ensemble; leave them out");
  const questions = await place.write("two.jsonl", JSON.stringify({ question: "", choices: ["the cat", "water"], answer: 0 }));
  expect(await refused("--choices", questions, "--reference", text, "--beam", "3", "--length-penalty", "1")).toContain("--choices has no use for --reference, --beam, --length-penalty; leave them out");
});

test("inspect counts it, and generate continues a text", async () => {
  const counted = lastLine((await place.decade("inspect", run, "--json")).out) as { parameters: number };
  expect(lastLine((await place.decade("inspect", place.path("language.json"), "--json")).out)).toMatchObject(counted);
  const { out, code } = await place.decade("generate", run, "the cat", "--greedy", "--max-tokens", "5", "--json");
  expect(code).toBe(0);
  expect((lastLine(out) as { tokens: number[] }).tokens.length).toBeLessThanOrEqual(5);
});

test("words that it does not know are named, where they are read and where they are judged", async () => {
  const told = 'are read as <unk>, for the model\'s vocabulary lacks "zebra", "yak".\n';
  const written = await place.decade("generate", run, "the zebra eats the yak zebra", "--greedy", "--max-tokens", "2", "--json");
  expect(written).toMatchObject({ code: 0, err: `3 of 6 tokens of the prompt ${told}` });
  const judged = await place.decade("evaluate", run, "--text", await place.write("zoo.txt", "the zebra eats the yak"), "--json");
  expect(judged).toMatchObject({ code: 0, err: expect.stringContaining(`2 of 5 tokens of the text ${told}`) as string });
  expect(Object.keys(lastLine(judged.out) as object)).toEqual(["loss", "perplexity", "bitsPerByte", "tokens"]);
  const questions = await place.write("zoo.jsonl", JSON.stringify({ question: "the", choices: ["zebra", "yak"], answer: 0 }));
  expect(await place.decade("evaluate", run, "--choices", questions)).toMatchObject({ code: 0, err: expect.stringContaining(`2 of 3 tokens of the questions ${told}`) as string });
});

test("so are characters, as many as can be read at a glance", async () => {
  const told: string[] = [];
  const tokenizer = await Tokenizer.train({ kind: "character", lowercase: false }, ["go"]);
  const io = { out: () => undefined, err: (text: string) => void told.push(text), interactive: false };
  noteUnknown(tokenizer, ["go"], "it", io);
  noteUnknown(tokenizer, ["日本go日", "1234"], "it", io);
  expect(told).toEqual(['7 of 9 tokens of it are read as <unk>, for the model\'s vocabulary lacks "日", "本", "1", "2", "3" and 1 more.\n']);
});

test("what was made for the other kind of model says so", async () => {
  expect(await place.decade("translate", run, place.path("toy.en"))).toMatchObject({ code: 1, err: expect.stringMatching(/is a language model/) as string });
  expect(await place.decade("pretrain", place.path("toy.json"))).toMatchObject({ code: 1, err: expect.stringMatching(/a model of pairs, not of text/) as string });
  expect(await place.decade("evaluate", run, "--text", await place.write("empty.txt", ""))).toMatchObject({ code: 1 });
});
