import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { wordTask } from "../fixtures/word-task.ts";
import { think } from "../think.ts";
import { AiSdkSampler, type AiSdkModel, type AiSdkRequest } from "./ai-sdk-sampler.ts";
import { EndpointSampler, type EndpointOptions } from "./endpoint-sampler.ts";

type Handler = (body: Record<string, unknown>, response: ServerResponse, call: number, request: IncomingMessage) => void;

/** Runs work beside an endpoint on this machine. */
async function withEndpoint<T>(handler: Handler, options: Partial<EndpointOptions>, work: (sampler: EndpointSampler) => Promise<T>): Promise<T> {
  let calls = 0;
  const server = createServer((request, response) => {
    void text(request).then((body) => handler(JSON.parse(body) as Record<string, unknown>, response, ++calls, request));
  });
  await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  const { port } = server.address() as AddressInfo;
  try {
    return await work(new EndpointSampler({ url: `http://127.0.0.1:${port}/v1`, model: "words", delay: 1, ...options }));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function answer(response: ServerResponse, texts: readonly string[], usage?: object): void {
  const choices = texts.map((content) => ({ message: { content }, finish_reason: "stop", logprobs: { content: [{ logprob: -0.5 }, { logprob: -1 }] } }));
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ choices, ...(usage && { usage }) }));
}

const options = { samples: 2, temperature: 0.7, maxTokens: 9, seed: 1, stop: ["\n"] };
const prompt = { prompt: "Say right.", instruction: "Obey.", written: "I say: ", stream: 3 };

describe("an endpoint of OpenAI's protocol", () => {
  it("is asked in its words, and its answers are counted", async () => {
    let seen: Record<string, unknown> = {};
    let [path, key]: (string | undefined)[] = [];
    const [sampled] = await withEndpoint((body, response, _, { url, headers }) => {
      [seen, path, key] = [body, url, headers.authorization];
      answer(response, ["right", "wrong"], { prompt_tokens: 12, completion_tokens: 4 });
    }, { apiKey: "secret", parameters: 1000 }, (sampler) => sampler.generate([prompt], options));
    expect([path, key]).toEqual(["/v1/chat/completions", "Bearer secret"]);
    expect(seen).toMatchObject({
      model: "words", n: 2, temperature: 0.7, max_tokens: 9,
      messages: [{ role: "system", content: "Obey." }, { role: "user", content: "Say right." }, { role: "assistant", content: "I say: " }],
    });
    expect(sampled?.samples.map(({ text: written, logProbabilities }) => [written, logProbabilities])).toEqual([["right", [-0.5, -1]], ["wrong", [-0.5, -1]]]);
    expect(sampled?.usage).toMatchObject({ read: 12, written: 4, flops: 2 * 1000 * 16 });
  });

  it("may write on behind a stop text, of which nothing is kept but what it took", async () => {
    const choices = [
      { text: "one\ntwo", finish_reason: "stop", logprobs: { tokens: ["on", "e\n", "two"], token_logprobs: [-1, -2, -3] } },
      { text: "right", finish_reason: "stop", logprobs: { tokens: ["right"], token_logprobs: [-1] } }, { text: "", finish_reason: "content_filter" },
    ];
    const [sampled] = await withEndpoint((_, response) => response.end(JSON.stringify({ choices, usage: { prompt_tokens: 5, completion_tokens: 4 } })),
      { kind: "completions" }, (sampler) => sampler.generate([prompt], { ...options, samples: 3 }));
    expect(sampled?.samples.map(({ text: written, reason, tokenCount, logProbabilities }) => [written, reason, tokenCount, logProbabilities])).toEqual([
      ["one", "stop", 2, [-1, -2]], ["right", "end", 1, [-1]], ["", "end", 1, undefined],
    ]);
    expect(sampled?.usage).toMatchObject({ read: 5, written: 5 });
  });

  it("goes on from plain text where that is its kind", async () => {
    let seen: Record<string, unknown> = {};
    await withEndpoint((body, response) => {
      seen = body;
      response.end(JSON.stringify({ choices: [{ text: "right", finish_reason: "length" }, { text: "", finish_reason: null }] }));
    }, { kind: "completions" }, (sampler) => sampler.generate([prompt], options));
    expect(seen.prompt).toBe("Say right.I say: ");
  });

  it("that gives one answer however many are asked for is asked again", async () => {
    const seeds: unknown[] = [];
    const [sampled] = await withEndpoint((body, response, call) => {
      seeds.push(body.seed);
      answer(response, [`answer ${call}`]);
    }, {}, (sampler) => sampler.generate([prompt], { ...options, samples: 3 }));
    expect(sampled?.samples.map(({ text: written }) => written)).toEqual(["answer 1", "answer 2", "answer 3"]);
    expect(new Set(seeds).size).toBe(3);
  });

  it("is asked for as many samples, of as many tokens, as a prompt is to have of its own", async () => {
    const seen: unknown[] = [];
    await withEndpoint((body, response) => {
      seen.push([body.n, body.max_tokens]);
      answer(response, Array.from({ length: Number(body.n) }, () => "right"));
    }, { concurrency: 1 }, (sampler) => sampler.generate([prompt, { ...prompt, samples: 5, maxTokens: 3 }], options));
    expect(seen).toEqual([[2, 9], [5, 3]]);
  });

  it("that is overloaded for a while is asked until it answers", async () => {
    const [sampled] = await withEndpoint((_, response, call) => {
      if (call < 3) response.writeHead(503).end("busy");
      else answer(response, ["right", "right"]);
    }, {}, (sampler) => sampler.generate([prompt], options));
    expect(sampled?.samples).toHaveLength(2);
  });

  it.each<[string, Handler, Partial<EndpointOptions>, RegExp]>([
    ["refuses", (_, response) => response.writeHead(401).end("bad key"), {}, /refused the request with 401: bad key\./],
    ["stays overloaded", (_, response) => response.writeHead(429).end(), { retries: 2 }, /answered 429, 3 times in a row/],
    ["stalls", () => undefined, { retries: 1, timeout: 60 }, /did not answer within 0\.06 s, 2 times in a row/],
    ["breaks off", (_, response) => response.destroy(), { retries: 1 }, /could not be reached \(.+\), 2 times in a row/],
    ["speaks another language", (_, response) => response.end("<html>"), {}, /something else than OpenAI's protocol says: <html>/],
  ])("that %s ends in one sentence", async (_, handler, own, message) => {
    await expect(withEndpoint(handler, own, (sampler) => sampler.generate([prompt], options))).rejects.toThrow(message);
  });

  it("that is gone in the middle leaves the problems that were finished", async () => {
    const problems = await wordTask.problems("test", { seed: 1, count: 10 });
    const { report, stopped } = await withEndpoint((_, response, call) => {
      if (call <= 4) answer(response, ["right"]);
      else response.destroy();
    }, { retries: 0, concurrency: 1 }, (sampler) => think(wordTask, problems, sampler, { strategy: "greedy", atOnce: 1 }));
    expect(report).toMatchObject({ problems: 4, accuracy: 1, flops: null });
    expect(stopped?.message).toMatch(/could not be reached/);
  });
});

describe("a model of the Vercel AI SDK", () => {
  const model = (doGenerate: AiSdkModel["doGenerate"]): AiSdkModel => ({ provider: "test", modelId: "words", doGenerate });

  it("of either version is asked once a sample", async () => {
    const requests: AiSdkRequest[] = [];
    const content = [{ type: "reasoning", text: "hm" }, { type: "text", text: "right" }];
    const second = model(async (request) => (requests.push(request), { content, finishReason: "stop", usage: { inputTokens: 5, outputTokens: 2 } }));
    const third = model(async () => ({ content, finishReason: { unified: "length" }, usage: { inputTokens: { total: 5 }, outputTokens: { total: 2 } } }));
    const [sampled] = await new AiSdkSampler(second, { parameters: 10 }).generate([prompt], options);
    expect(sampled?.usage).toMatchObject({ read: 10, written: 4, flops: 2 * 10 * 14 });
    expect(requests).toHaveLength(2);
    expect(requests[0]).toMatchObject({ maxOutputTokens: 9, prompt: [{ role: "system", content: "Obey." }, { role: "user" }, { role: "assistant", content: [{ type: "text", text: "I say: " }] }] });
    const [other] = await new AiSdkSampler(third).generate([prompt], { ...options, samples: 1 });
    expect(other?.samples[0]).toMatchObject({ text: "right", tokenCount: 2, reason: "length" });
    const lines = model(async () => ({ content: [{ type: "text", text: "one\ntwo" }], finishReason: "stop", usage: { inputTokens: 5, outputTokens: 7 } }));
    const [cut] = await new AiSdkSampler(lines).generate([prompt], { ...options, samples: 1 });
    expect(cut).toMatchObject({ samples: [{ text: "one", tokenCount: 3, reason: "stop" }], usage: { written: 7 } });
  });

  it("is asked again where its error says that this may help", async () => {
    let calls = 0;
    const flaky = model(async () => {
      if (++calls < 3) throw Object.assign(new Error("overloaded"), { isRetryable: true });
      return { content: [{ type: "text", text: "right" }], finishReason: "stop", usage: { inputTokens: 1, outputTokens: 1 } };
    });
    expect(await new AiSdkSampler(flaky, { delay: 1 }).generate([prompt], { ...options, samples: 1 })).toHaveLength(1);
    await expect(new AiSdkSampler(model(async () => { throw new Error("bad key"); })).generate([prompt], options)).rejects.toThrow("bad key");
  });
});
