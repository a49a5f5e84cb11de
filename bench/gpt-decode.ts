import { Generator } from "../src/decode/language/generator.ts";
import type { TextVocabulary } from "../src/decode/language/vocabulary.ts";
import { onnx } from "../src/engines/onnx/engine.ts";
import { Gpt } from "../src/models/gpt.ts";
import { gptOptions } from "./gpt-train.ts";
import { runPeer } from "./peer.ts";
import { median, peakMemoryMiB, timeCalls, watchEngine } from "./timing.ts";

export interface GptDecodeSize {
  readonly layers: number;
  readonly dimension: number;
  readonly heads: number;
  readonly context: number;
  readonly vocabulary: number;
  /** Tokens that are given and that are written. */
  readonly prompt: number;
  readonly newTokens: number;
}

const BATCHES = [1, 8] as const;
const ROUNDS = 3;

/** Greedy text of a GPT with its key-value cache, for one prompt and for eight at once: new tokens a second, prompts read included. */
export async function gptDecode(size: GptDecodeSize) {
  const engineMilliseconds = watchEngine();
  const model = new Gpt(gptOptions(size));
  const parameters = new Map(model.parameters().map((parameter) => [parameter.name, parameter.initialize()]));
  const generator = Generator.create({ model, parameters, tokenizer: numbers(size.vocabulary) }, onnx());
  const measured = [];
  for (const rows of BATCHES) {
    const prompts = Array.from({ length: rows }, (_, row) => Array.from({ length: size.prompt }, (_unused, at) => 4 + row + 7 * at).join(" "));
    const write = () => generator.generate(prompts, { greedy: true, maxTokens: size.newTokens });
    await write();
    const before = engineMilliseconds();
    const times = await timeCalls(write, ROUNDS, 0);
    const total = times.reduce((sum, time) => sum + time, 0);
    measured.push({
      tokensPerSecond: Math.round((rows * size.newTokens * 1000) / median(times)),
      typescriptShare: Math.round(1000 * (1 - (engineMilliseconds() - before) / total)) / 1000,
    });
  }
  await generator.dispose();
  const [one, eight] = measured;
  return {
    tokensPerSecond: one?.tokensPerSecond, tokensPerSecondBatch8: eight?.tokensPerSecond,
    typescriptShare: one?.typescriptShare, typescriptShareBatch8: eight?.typescriptShare,
    ...size, peakMemoryMiB: peakMemoryMiB(), peers: await runPeer("gpt_decode.py", size),
  };
}

/** Token ids as text: "17 4 23". */
function numbers(size: number): TextVocabulary {
  return {
    size,
    encode: (text) => Int32Array.from(text.trim().split(" "), Number),
    decode: (ids) => Array.from(ids, (id) => `${id} `).join(""),
    token: (id) => `${id} `,
  };
}
