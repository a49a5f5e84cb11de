import { describe, expect, it } from "vitest";
import { ScriptedSampler } from "../fixtures/scripted-sampler.ts";
import { wordTask } from "../fixtures/word-task.ts";
import type { Task } from "../tasks/task.ts";
import { think } from "../think.ts";
import { Verifier } from "./verdict.ts";

const problem = { key: "0", prompt: "0?", data: undefined };

describe("a verifier", () => {
  it.each<[string, Task<undefined>["verify"], RegExp]>([
    ["that throws", () => { throw new Error("no such thing"); }, /threw "no such thing"/],
    ["that loops without end", () => { for (;;); }, /did not end within 200 ms/],
    ["that never settles", () => new Promise<boolean>(() => undefined), /did not end within 200 ms/],
    ["that rejects", () => Promise.reject(new Error("gone")), /threw "gone"/],
  ])("%s says that the answer is wrong, and that it failed", async (_, verify, first) => {
    const verifier = new Verifier({ ...wordTask, verify }, { timeLimit: 200 });
    expect(await verifier.judge(problem, "right")).toEqual({ answer: "right", meaning: "right", correct: false });
    expect(verifier.failures.thrown + verifier.failures.late).toBe(1);
    expect(verifier.failures.first).toMatch(first);
  });

  it("is asked once for one text", async () => {
    let asked = 0;
    const verifier = new Verifier({ ...wordTask, verify: async () => ++asked > 0 });
    await Promise.all([verifier.judge(problem, "right"), verifier.judge(problem, "right")]);
    expect(asked).toBe(1);
  });

  it("that fails is told in the report of a whole run", async () => {
    const task: Task<undefined> = { ...wordTask, verify: ({ key }) => { for (; key === "1";); return true; } };
    const { report } = await think(task, await task.problems("test", { seed: 1, count: 3 }), new ScriptedSampler(() => [["right", 1]]), { strategy: "greedy", verifierTimeLimit: 1000 });
    expect(report).toMatchObject({ accuracy: 2 / 3, verifier: { thrown: 0, late: 1 } });
  });
});
