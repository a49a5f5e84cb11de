import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ScriptedSampler } from "../../think/fixtures/scripted-sampler.ts";
import { openTask, taskKinds } from "../../think/tasks/open-task.ts";
import { examine } from "./examine.ts";
import type { ExaminedRun } from "./examined-run.ts";
import { degrees, longerExam } from "./longer-exam.ts";
import { rareWordsExam } from "./rare-words-exam.ts";
import { scanExam } from "./scan-exam.ts";
import { parseTask } from "./task-options.ts";

const folder = fileURLToPath(new URL("../../../../shared/data/scan", import.meta.url));
const choice = { seed: 1, beyond: 2 };
const some = { ...choice, problems: 300 };

/** A run that answers as a function says, and learned from these pairs. */
function scripted(answer: (prompt: string) => string, parts: Partial<ExaminedRun> = {}): ExaminedRun {
  return {
    path: "scripted", kind: "scripted", pairs: undefined, learned: undefined, writesSymbols: true, examples: 1, draws: true,
    sampler: () => new ScriptedSampler((prompt) => [[answer(prompt), 1]]), dispose: async () => Promise.resolve(), ...parts,
  };
}

describe.skipIf(!existsSync(folder))("scan", () => {
  const all = { seed: 1, count: Infinity };
  const named = parseTask(`scan:folder=${folder}`);

  /** A run that carries out the commands that `can` says, and learned from a split's training commands. */
  async function learner(options: string, can: (actions: readonly string[], prompt: string) => boolean): Promise<ExaminedRun> {
    const task = openTask(`scan:folder=${folder},${options}`);
    const solutions = new Map<string, string>();
    const learned: string[] = [];
    for (const split of ["train", "validation", "test"] as const) {
      for (const problem of await task.problems(split, all)) {
        solutions.set(problem.prompt, task.solution(problem));
        if (split === "train") learned.push(problem.prompt);
      }
    }
    const actionsOf = (prompt: string): string => solutions.get(prompt) ?? "";
    return scripted((prompt) => (can(actionsOf(prompt).trim().split(" "), prompt) ? actionsOf(prompt) : "I_WALK"), { learned });
  }

  it("knows the random split by what was learned, and asks its whole test as like training", async () => {
    const run = await learner("split=simple", () => true);
    expect((await scanExam(named)(run, choice)).papers.map(({ questions }) => questions.length)).toEqual([4182]);
    const { trainedOn, inDistribution, outOfDistribution, groups } = await examine({ path: run.path }, run, await scanExam(named)(run, some), "greedy");
    expect([trainedOn, outOfDistribution]).toEqual(["SCAN's split simple", null]);
    expect([inDistribution?.correct, inDistribution?.total, groups.length]).toEqual([300, 300, 1]);
  });

  it("sets the failure on longer commands beside the success on held-out ones", async () => {
    const run = await learner("split=length", (actions) => actions.length <= 22);
    const { trainedOn, inDistribution, outOfDistribution, groups } = await examine({ path: run.path }, run, await scanExam(named)(run, some), "greedy");
    expect([trainedOn, inDistribution?.accuracy]).toEqual(["SCAN's split length", 1]);
    expect([outOfDistribution?.correct, outOfDistribution?.total]).toEqual([0, 300]);
    expect(groups.at(-1)?.finer.filter(({ by }) => by === "actions").map(({ label }) => label)).toEqual(["17 to 24", "25 to 32", "33 to 40", "41 to 48"]);
  });

  it("tells whether a command's words were seen in composition, and leaves out what was learned", async () => {
    const alone = await learner("split=addprim_jump", (_, prompt) => !/jump ./.test(prompt.replace(" OUT:", "")) && !prompt.includes(" jump OUT:"));
    const { outOfDistribution, inDistribution, groups } = await examine({ path: "alone" }, alone, await scanExam(named)(alone, some), "greedy");
    expect([inDistribution?.accuracy, outOfDistribution?.correct, outOfDistribution?.total]).toEqual([1, 0, 300]);
    expect(groups.at(-1)?.finer.filter(({ by }) => by === "composition").map(({ label, total }) => [label, total])).toEqual([["of a word seen alone only", 300]]);

    const targeted = await learner("split=addprim_jump,jumps=8", () => true);
    const { papers, seen } = await scanExam(named)(targeted, choice);
    expect([seen, papers[0]?.questions.filter(({ problem }) => problem.prompt.includes("jump")).length]).toEqual([8, 7706 - 8]); // the test is published
    const column = await examine({ path: "targeted" }, targeted, await scanExam(named)(targeted, some), "greedy");
    expect(column.groups.at(-1)?.finer.filter(({ by }) => by === "composition").map(({ label }) => label)).toEqual(["of words seen in composition"]);
  });

  it("says what to do where the split is not known", async () => {
    await expect(scanExam(named)(scripted(() => ""), choice)).rejects.toThrow(/scripted does not say which commands it learned from; name the split/);
    const other = scripted(() => "", { learned: ["hello"] });
    await expect(scanExam(named)(other, choice)).rejects.toThrow(/learned from no command of SCAN/);
    await expect(scanExam(parseTask(`scan:folder=${folder},split=longest`))(other, choice)).rejects.toThrow(/no split "longest"/);
  });
});

describe("longer numbers", () => {
  it("asks every degree near the one trained on, and marks only that as like training", async () => {
    const adds = scripted((prompt) => {
      const [left = "", right = ""] = prompt.replace("=", "").split("+");
      return left.length > 3 ? "0" : [...String(Number(left) + Number(right))].reverse().join("");
    });
    const exam = await longerExam(parseTask("addition:digits=3"), { option: "digits", standard: 3 })(adds, { ...choice, problems: 60 });
    const { groups } = await examine({ path: "adds" }, adds, exam, "greedy");
    // Of sums of numbers of one digit, hardly any are in the test.
    expect(groups.map(({ label, distribution, accuracy, total }) => [label, distribution, accuracy, total])).toEqual([
      ["3", "in", 1, 60], ["2", "out", 1, 60], ["4", "out", 0, 60], ["5", "out", 0, 60],
    ]);
  });

  it("does not ask what was learned, and counts it", async () => {
    const make = longerExam(parseTask("addition:digits=3"), { option: "digits", standard: 3 });
    const few = { seed: 1, beyond: 0, problems: 40 };
    const { papers: [all] } = await make(scripted(() => ""), few);
    const prompts = all?.questions.map(({ problem }) => problem.prompt) ?? [];
    const { papers, seen } = await make(scripted(() => "", { learned: prompts.slice(0, 15) }), few);
    expect([seen, papers[0]?.questions.map(({ problem }) => problem.prompt)]).toEqual([15, prompts.slice(15)]);
  });

  it("takes the same degree as the task where none is given", () => {
    for (const [name, { option, standard }] of Object.entries(degrees)) expect(taskKinds[name]?.options[option]).toContain(`default: ${standard}`);
  });

  it("refuses what the task refuses", async () => {
    await expect(longerExam(parseTask("addition:digit=3"), { option: "digits", standard: 3 })(scripted(() => ""), choice)).rejects.toThrow(/did you mean "digits"/);
  });
});

describe("rare words", () => {
  const pairs = {
    train: [{ source: "a cat", target: "un chat" }, { source: "a dog", target: "un chien" }, { source: "a cat sleeps", target: "un chat dort" }],
    validation: [], test: [{ source: "the cat", target: "le chat dort" }, { source: "a dog", target: "un chien, un chien" }],
  };

  it("looks for each word of the reference, by how often it stands in training", async () => {
    const run = scripted((prompt) => (prompt === "the cat" ? "chat dort le" : "un chien"), { writesSymbols: false, pairs });
    const { inDistribution, outOfDistribution, groups } = await examine({ path: "words" }, run, await rareWordsExam(run, choice), "greedy");
    // Never seen: "le" (found) and the comma (missed). Seen: chat, dort, un, chien found; un and chien a second time missed.
    expect([outOfDistribution?.correct, outOfDistribution?.total]).toEqual([1, 2]);
    expect([inDistribution?.correct, inDistribution?.total]).toEqual([4, 6]);
    expect(groups[0]?.finer.map(({ label, correct, total }) => [label, correct, total])).toEqual([["1", 2, 3], ["2 to 4", 2, 3]]);
  });

  it("takes outputs of symbols as a whole, with every pronunciation right, by the rarest letters of the spelling", async () => {
    const spelled = {
      train: [{ source: "tomato", target: "T AH" }, { source: "potato", target: "P AH" }], validation: [],
      test: [{ source: "tomato", target: "T EY" }, { source: "tomato", target: "T AH" }, { source: "xylem", target: "Z" }],
    };
    const run = scripted(() => "T  AH", { pairs: spelled });
    const { inDistribution, outOfDistribution, groups } = await examine({ path: "sounds" }, run, await rareWordsExam(run, choice), "greedy");
    expect([inDistribution?.correct, inDistribution?.total, outOfDistribution?.correct, outOfDistribution?.total]).toEqual([1, 1, 0, 1]);
    expect(groups[0]?.finer.map(({ label }) => label)).toEqual(["1"]); // "tom" stands in one training word
  });

  it("refuses runs that hold nothing out, and language models", async () => {
    await expect(rareWordsExam(scripted(() => ""), choice)).rejects.toThrow(/is a language model/);
    await expect(rareWordsExam(scripted(() => "", { pairs: { ...pairs, test: [] } }), choice)).rejects.toThrow(/holds nothing out/);
  });
});

it("refuses to draw from what cannot be drawn from, and to ask nothing", async () => {
  const run = scripted(() => "", { draws: false });
  const exam = { papers: [], trainedOn: "nothing", seen: 0 };
  await expect(examine({ path: "phrases" }, run, exam, "majority-vote")).rejects.toThrow(/nothing can be drawn at random/);
  await expect(examine({ path: "phrases" }, run, exam, "greedy")).rejects.toThrow(/Nothing can be asked/);
});
