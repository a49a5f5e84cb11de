import { describe, expect, it } from "vitest";
import { measureCurve } from "../curves/curve.ts";
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

  it.each(["step-beam", "diverse-tree"] as const)("%s goes on from step to step, and knows an end from a step", async (strategy) => {
    const reply = (request: ChatRequest): ChatReply => {
      const written = request.messages.find(({ role }) => role === "assistant")?.content ?? "";
      return asOften(request, [...written === "" ? [["good\n", -0.1] as const, ["so\n", -0.1] as const] : [], ...RIGHT]);
    };
    const { report, solved } = await solveAt(reply, 3, { strategy, settings: { samples: 4, beam: 2, width: 2 } });
    expect(report).toMatchObject({ accuracy: 1, unanswered: 0 });
    expect(solved[0]?.chosen).toMatchObject({ text: "good\nright", tokens: 3 });
  });

  it("that says nothing ends a budget too", async () => {
    const { report } = await solveAt((request) => asOften(request, []), 1, { strategy: "best-of-n", settings: { samples: Infinity, maxTokens: 2 }, budget: { unit: "tokens", amount: 20 } });
    expect(report).toMatchObject({ unanswered: 1, tokens: 19 });
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

describe("an endpoint that dies", () => {
  const refused: ChatReply = { kind: "other", respond: (response) => refuse(response, 401, "Incorrect API key provided.") };

  /** Answers so many requests: of problems that are multiples of 3 wrongly where it is asked for one answer. */
  async function dying<T>(answered: number, work: (sampler: EndpointSampler) => Promise<T>): Promise<T> {
    const server = await chatServer((request, call) => {
      if (call > answered) return refused;
      return asOften(request, request.temperature === 0 && problemOf(request) % 3 === 0 ? WRONG : RIGHT);
    });
    try {
      return await work(new EndpointSampler({ url: server.url, model: "words", delay: 1, retries: 0, concurrency: 1 }));
    } finally {
      server.close();
    }
  }

  it("leaves a check of the problems that were answered and sampled", async () => {
    const problems = await wordTask.problems("test", { seed: 1, count: 12 });
    const { report, answers, stopped } = await dying(12 + 7, (sampler) => check(wordTask, problems, sampler, { samples: 3, revise: { strategy: "majority-vote", samples: 3 } }));
    expect(stopped?.message).toMatch(/refused the request with 401/);
    expect(answers.map(({ problem }) => problem.key)).toEqual(problems.slice(0, 7).map(({ key }) => key));
    expect(report).toMatchObject({ problems: 7, accuracy: problems.slice(0, 7).filter(({ key }) => Number(key) % 3 !== 0).length / 7, auroc: 0.5 });
    expect([report.revision, report.scores.pTrue.auroc]).toEqual([undefined, null]);
    await expect(dying(12, (sampler) => check(wordTask, problems, sampler, { samples: 3 }))).rejects.toThrow(/refused the request with 401/);
  });

  it("leaves a curve of the problems that were answered and sampled", async () => {
    const problems = await wordTask.problems("test", { seed: 1, count: 12 });
    const { curve, stopped } = await dying(12 + 7, (sampler) => measureCurve("words", wordTask, problems, sampler, { samples: 4, strategies: ["best-of-n"] }));
    expect(stopped?.message).toMatch(/refused the request with 401/);
    expect(curve).toMatchObject({ problems: 7, strategies: [], greedy: { accuracy: problems.slice(0, 7).filter(({ key }) => Number(key) % 3 !== 0).length / 7 } });
    expect(curve.points.map(({ k, pass }) => [k, pass.value])).toEqual([[1, 1], [2, 1], [4, 1]]);
  });

  it("leaves a whole curve where it dies under a further strategy", async () => {
    const problems = await wordTask.problems("test", { seed: 1, count: 12 });
    const { curve, stopped } = await dying(2 * 12 + 12, (sampler) => measureCurve("words", wordTask, problems, sampler, { samples: 4, settings: { maxTokens: 2 }, strategies: ["best-of-n"] }));
    expect(stopped?.message).toMatch(/refused the request with 401/);
    expect(curve.problems).toBe(12);
    expect(curve.strategies.map(({ budget }) => budget?.amount)).toEqual([2]);
  });
});

describe("an endpoint in trouble", () => {
  it("that knows max_completion_tokens alone is asked so from then on", async () => {
    const { report, server } = await solveAt((request) => (
      request.max_tokens === undefined ? asOften(request, RIGHT)
        : { kind: "other", respond: (response) => refuse(response, 400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.") }
    ), 5, { strategy: "greedy" }, { concurrency: 1 });
    expect(report).toMatchObject({ problems: 5, accuracy: 1 });
    expect(server.requests.map(({ max_tokens, max_completion_tokens }) => [max_tokens, max_completion_tokens].filter((limit) => limit !== undefined).length)).toEqual(Array.from({ length: 6 }, () => 1));
    expect(server.requests.filter(({ max_tokens }) => max_tokens !== undefined)).toHaveLength(1);
  });

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
