import { describe, expect, it } from "vitest";
import { check } from "../doubt/check.ts";
import { chatServer, refuse, type ChatReply, type ChatRequest, type ChatToken } from "../fixtures/chat-server.ts";
import { wordTask } from "../fixtures/word-task.ts";
import type { StrategyName } from "../strategies/strategies.ts";
import { think, type ThinkOptions } from "../think.ts";
import { EndpointSampler, type EndpointOptions } from "./endpoint-sampler.ts";

const RIGHT: readonly ChatToken[] = [["ri", -0.1], ["ght", -0.2]];
const WRONG: readonly ChatToken[] = [["wrong", -0.7]];

function answer(...choices: readonly (readonly ChatToken[])[]): ChatReply {
  return { kind: "answer", choices };
}

const asOften = ({ n = 1 }: ChatRequest, tokens: readonly ChatToken[]): ChatReply => answer(...Array.from({ length: n }, () => tokens));
const stall: ChatReply = { kind: "other", respond: () => undefined };
/** Sends the beginning of an answer, and then nothing more. */
const stallInside: ChatReply = { kind: "other", respond: (response) => void response.writeHead(200).write('{"id":"chatcmpl-1","choi') };
const breakOff: ChatReply = {
  kind: "other",
  respond: (response) => void response.writeHead(200).write('{"id":"chatcmpl-1","choi', () => { setTimeout(() => response.destroy(), 5); }),
};
const busy = (headers?: Readonly<Record<string, string>>): ChatReply => ({ kind: "other", respond: (response) => refuse(response, 429, "Rate limit reached.", headers) });

async function solveAt(reply: (request: ChatRequest, call: number) => ChatReply, count: number, options: ThinkOptions, own: Partial<EndpointOptions> = {}) {
  const server = await chatServer(reply);
  try {
    const sampler = new EndpointSampler({ url: server.url, model: "words", delay: 1, timeout: 30_000, ...own });
    const thought = await think(wordTask, await wordTask.problems("test", { seed: 1, count }), sampler, options);
    return { ...thought, server };
  } finally {
    server.close();
  }
}

/** Which problem a request is about. */
const problemOf = ({ messages }: ChatRequest): number => Number(messages.find(({ role }) => role === "user")?.content.split("?")[0]);

describe("strategies over an endpoint", () => {
  it.each<[StrategyName, number]>([["greedy", 1], ["best-of-n", 1], ["majority-vote", 1], ["weighted-vote", 1], ["monte-carlo", 1], ["budget-forcing", 2]])("%s", async (strategy, samplesAtLeast) => {
    const { report, server } = await solveAt((request) => asOften(request, RIGHT), 12, { strategy, settings: { samples: 4, wait: "\n" } });
    expect(report).toMatchObject({ problems: 12, accuracy: 1, unparseable: 0 });
    expect(report.attempts).toBeGreaterThanOrEqual(12 * samplesAtLeast);
    expect(report.tokens % 24).toBe(0);
    expect(server.mostOpen()).toBeLessThanOrEqual(8);
    expect(server.requests.every(({ logprobs, model }) => logprobs === true && model === "words")).toBe(true);
  });

  it("weigh votes by the log-probabilities that it gives", async () => {
    // Two votes of e^−2.5 each against one of e^−0.15.
    const { report, solved } = await solveAt(() => answer([["wrong", -2.5]], [["wrong", -2.5]], RIGHT), 3, { strategy: "weighted-vote", settings: { samples: 3 } });
    expect(report.accuracy).toBe(1);
    expect(solved[0]?.chosen.meanLogProbability).toBeCloseTo(-0.15, 12);
  });

  it("criticise and revise in words", async () => {
    const reply = ({ messages }: ChatRequest): ChatReply => {
      const asked = messages.at(-1)?.content ?? "";
      if (asked.includes("Check it step by step")) return answer(asked.includes("\nwrong\n") ? [["It is WRONG", -0.1]] : [["CORRECT", -0.1]]);
      return answer(asked.includes("What was said of it") ? RIGHT : WRONG);
    };
    const { report } = await solveAt(reply, 5, { strategy: "revision", settings: { samples: 3, criticism: "own" } });
    expect(report).toMatchObject({ accuracy: 1, attempts: 10 });
  });
});

describe("P(true) over an endpoint", () => {
  it("is the probability of the letter that it replies with", async () => {
    const server = await chatServer((request) => {
      const asked = request.messages.at(-1)?.content ?? "";
      const proposed = /Proposed answer: (\w+)/.exec(asked)?.[1];
      if (proposed !== undefined) return answer([[proposed === "right" ? "A" : "B", Math.log(0.8)]]);
      return asOften(request, problemOf(request) % 3 === 0 ? WRONG : RIGHT);
    });
    try {
      const sampler = new EndpointSampler({ url: server.url, model: "words", delay: 1 });
      const { report, answers } = await check(wordTask, await wordTask.problems("test", { seed: 1, count: 9 }), sampler, { samples: 3, flagBy: "pTrue" });
      expect(answers.map(({ doubts }) => doubts.pTrue?.toFixed(9))).toEqual(answers.map(({ problem }) => (Number(problem.key) % 3 === 0 ? 0.2 : 0.8).toFixed(9)));
      expect(report.scores.pTrue.auroc).toBe(1);
      expect(report.scores.pTrue.ece).toBeCloseTo(0.2, 12);
      expect(report).toMatchObject({ flagged: 3, flaggedWrong: 3 });
      // Asked after the answers with one token of the likeliest.
      expect(server.requests.at(-1)).toMatchObject({ max_tokens: 1, temperature: 0, logprobs: true });
    } finally {
      server.close();
    }
  });
});

describe("an endpoint in trouble", () => {
  it("is asked again after it was busy, stalled before or within its answer, or broke it off", async () => {
    const troubles = [busy(), stall, stallInside, breakOff];
    const { report, server } = await solveAt((request, call) => troubles[call - 1] ?? asOften(request, RIGHT), 1, { strategy: "greedy" }, { timeout: 1500 });
    expect(report).toMatchObject({ problems: 1, accuracy: 1 });
    expect(server.requests).toHaveLength(5);
  }, 20_000);

  it.each<[string, (after: number) => string]>([["seconds", (after) => String(after / 1000)], ["a date", (after) => new Date(Date.now() + after + 1000).toUTCString()]])("waits for as long as it asks for in %s", async (_, header) => {
    const start = performance.now();
    const { report } = await solveAt((request, call) => (call === 1 ? busy({ "retry-after": header(1000) }) : asOften(request, RIGHT)), 1, { strategy: "greedy" });
    expect(report.accuracy).toBe(1);
    expect(performance.now() - start).toBeGreaterThan(900);
  });

  it.each<[string, ChatReply, RegExp]>([
    ["refuses for good", { kind: "other", respond: (response) => refuse(response, 401, "Incorrect API key provided.") }, /^words at http:\S+ refused the request with 401: Incorrect API key provided\.$/],
    ["stays busy", busy(), /answered 429: Rate limit reached, 2 times in a row/],
    ["stalls", stallInside, /did not answer within 1\.5 s, 2 times in a row/],
    ["breaks off", breakOff, /broke off in the middle of its answer \(.+\), 2 times in a row/],
  ])("that %s after some answers keeps the problems that were finished, and ends soon", async (_, trouble, message) => {
    const start = performance.now();
    const { report, solved, stopped, server } = await solveAt((request) => (problemOf(request) < 20 ? asOften(request, RIGHT) : trouble), 200, { strategy: "majority-vote", settings: { samples: 2 } }, { retries: 1, timeout: 1500, concurrency: 4 });
    expect(report.problems).toBeGreaterThanOrEqual(17);
    expect(solved.every(({ chosen }) => chosen.verdict.correct)).toBe(true);
    expect(stopped?.message).toMatch(message);
    // No problem is begun after one has failed.
    expect(Math.max(...server.requests.map(problemOf))).toBeLessThan(20 + 4);
    expect(performance.now() - start).toBeLessThan(15_000);
  }, 20_000);
});
