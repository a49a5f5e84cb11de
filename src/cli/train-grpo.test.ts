/** Learning from rewards from the command line, and what is killed, stopped and gone on with. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untrainedRun } from "../think/fixtures/untrained-run.ts";
import { lastLine, Workplace } from "./fixtures/command-line.ts";

const TASK = "addition:digits=1,format=plain";
let place: Workplace;
let config: string;

beforeAll(async () => {
  place = await Workplace.create();
  await untrainedRun(place.path("runs"), "untrained", "0123456789+=", { kind: "gpt", layers: 1, dimension: 16, heads: 2, context: 16 });
  config = await place.write("grpo.json", JSON.stringify({
    name: "learned", directory: place.path("runs"), task: TASK, from: "runs/untrained",
    // One token each: about one attempt in thirteen is right by chance.
    training: { kind: "grpo", steps: 6, problems: 4, samples: 16, maxTokens: 1, rounds: 2, validationProblems: 3, validateEvery: { steps: 3 }, checkpointEvery: { steps: 2 } },
    engine: { kind: "onnx", threads: 1 },
  }));
});

afterAll(() => place.remove());

test("the result is a run like any other, and what went on is told", async () => {
  const { code, out, err } = await place.decade("train", config, "--json");
  expect(code, err).toBe(0);
  const run = lastLine(out) as { directory: string; step: number; best: { accuracy: number } };
  expect(run).toMatchObject({ directory: place.run("learned"), reason: "finished", step: 6 });
  expect(err).toContain("24 training problems, 3 validation problems, 6 steps");
  expect(err).toContain("The loss stays near zero whatever is learned, for the advantages of each group add up to zero");
  expect(err.match(/^step \d: \d+\.\d% of the validation problems solved greedily/gm)?.map((line) => line.slice(0, 6))).toEqual(["step 0", "step 3", "step 6"]);
  const solved = await place.decade("think", TASK, run.directory, "--problems", "3", "--split", "validation", "--max-tokens", "1", "--threads", "1", "--json");
  expect(solved.code, solved.err).toBe(0);
  expect((lastLine(solved.out) as { accuracy: number }).accuracy).toBe(run.best.accuracy);
  expect((await place.decade("generate", run.directory, "1+", "--max-tokens", "2", "--threads", "1")).code).toBe(0);
  expect(lastLine((await place.decade("inspect", run.directory, "--json")).out)).toMatchObject({ vocabulary: { target: 16 } });
  const listed = lastLine((await place.decade("runs", place.path("runs"), "--json")).out) as { runs: { name: string; validationAccuracy?: number }[] };
  expect(listed.runs.find(({ name }) => name === "learned")?.validationAccuracy).toBeCloseTo(run.best.accuracy, 12);
  await place.write("text.txt", "1+2=3");
  expect((await place.decade("evaluate", run.directory, "--text", place.path("text.txt"), "--threads", "1")).code).toBe(0);
  const evaluated = await place.decade("evaluate", run.directory);
  expect([evaluated.code, evaluated.err]).toEqual([1, expect.stringMatching(/learned from rewards and has no text of its own; where a text is needed, give one with --text FILE/)]);
});

test("killed again and again, it ends with the weights of a training that was not", async () => {
  const settings = ["--set", "training.steps=14"];
  for (const steps of [1, 4, 9]) {
    const { child, ended } = place.start("train", config, "--name", "killed", "--resume", ...settings);
    await place.untilLogged("killed", steps);
    child.kill("SIGKILL");
    expect((await ended).signal).toBe("SIGKILL");
  }
  for (const name of ["killed", "undisturbed"]) {
    const { code, err } = await place.decade("train", config, "--name", name, "--resume", ...settings);
    expect(code, err).toBe(0);
  }
  for (const file of ["model.safetensors", "optimizer.safetensors"]) {
    const [killed, undisturbed] = await Promise.all(["killed", "undisturbed"].map((name) => readFile(`${place.run(name)}/checkpoints/step-14/${file}`)));
    expect(killed?.equals(undisturbed ?? Buffer.of()), file).toBe(true);
  }
});

test("Ctrl-C saves, says how to go on, and the run goes on", async () => {
  const { child, ended } = place.start("train", config, "--name", "stopped", "--set", "training.steps=100000", "--json");
  await place.untilLogged("stopped", 3);
  child.kill("SIGINT");
  const { code, out, err } = await ended;
  expect(code, err).toBe(130);
  expect(err).toContain("Go on with the same command and --resume.");
  const { step } = lastLine(out) as { step: number };
  const resumed = await place.decade("train", config, "--name", "stopped", "--resume", "--set", `training.steps=${step + 2}`, "--json");
  expect(lastLine(resumed.out)).toMatchObject({ reason: "finished", step: step + 2 });
  expect(resumed.err).toContain(`going on from step ${step}`);
});

describe("what makes no sense is said", () => {
  test.each<[string, readonly string[], number, RegExp]>([
    ["a field", ["train", "--set", "training.sample=4"], 1, /there is no field "sample" in training; did you mean "samples"\?/],
    ["a task", ["train", "--set", "task=additoin"], 1, /no task "additoin"; did you mean "addition"/],
    ["a beginning", ["train", "--set", "from=nowhere"], 1, /nowhere holds no run/],
    ["a group of one", ["train", "--set", "training.samples=1"], 1, /training\.samples: received 1, expected integer ≥ 2/],
    ["more steps than samples", ["train", "--set", "training.minibatches=100"], 1, /training\.minibatches: received 100, more than the 64 samples of a rollout; choose fewer/],
    ["a layout", ["train", "--dry-run"], 2, /a model learns from rewards in one process/],
    ["a pretraining", ["pretrain"], 1, /it describes learning from rewards, which takes its network from a run; use it with decade train/],
  ])("%s", async (_, [command = "", ...args], code, message) => {
    const outcome = await place.decade(command, config, ...args);
    expect(outcome.err).toMatch(message);
    expect([outcome.code, outcome.out]).toEqual([code, ""]);
  });
});
